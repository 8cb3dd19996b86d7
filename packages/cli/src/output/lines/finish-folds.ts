import { duration, type Style } from "@maand/command";
import type { MaandEvent, Outcome } from "@maand/core";
import { named, outcomeWord } from "./wording.ts";

/** The number of equal results that get a line each; others are counted. */
const SHOWN = 3;

/** The result of one step on one worker. Results with the same key are counted together. */
interface Result {
  /** The key, which is equal for results that differ only in worker and time. */
  readonly key: string;
  /** The job whose batches it belongs to; undefined for files and scripts. */
  readonly job: string | undefined;
  readonly worker: string;
  readonly ms: number | undefined;
  /** The line for several results with this key. */
  text(workers: string): string;
}

interface Fold {
  readonly first: Result;
  readonly event: MaandEvent;
  shown: number;
  workers: string[];
  times: number[];
  /** The lines of the last result, which are printed if no other result was counted. */
  lines: readonly string[];
}

/** Prints the first results of a kind, and counts further results until they are flushed. */
export function finishFolds(style: Style) {
  const folds = new Map<string, Fold>();

  function line({ first, workers, times }: Fold): string {
    const [min, max] = [Math.min(...times), Math.max(...times)].map(duration);
    const took = times.length === 0 ? "" : ` ${style.faint(min === max ? `${max}` : `${min} to ${max}`)}`;
    return `${first.text(named(workers))}${took}`;
  }

  return {
    /** The lines to print for an event with these lines. */
    add(event: MaandEvent, lines: readonly string[]): readonly string[] {
      const result = lines.length === 0 ? undefined : resultOf(event, style);
      if (result === undefined) return lines;
      const fold = folds.get(result.key) ?? { first: result, event, shown: 0, workers: [], times: [], lines };
      folds.set(result.key, fold);
      if (fold.shown < SHOWN) {
        fold.shown += 1;
        return lines;
      }
      fold.workers.push(result.worker);
      fold.lines = lines;
      if (result.ms !== undefined) fold.times.push(result.ms);
      return [];
    },
    /** The lines for the counted results of one job, or of all jobs. */
    flush(job?: string): { event: MaandEvent; lines: readonly string[] }[] {
      const all = [...folds.values()].filter(({ first }) => job === undefined || first.job === job);
      return all.flatMap((fold) => {
        if (fold.workers.length === 0) return [];
        const shown = fold.workers.length === 1 ? fold.lines : [line(fold)];
        fold.workers = [];
        fold.times = [];
        return [{ event: fold.event, lines: shown }];
      });
    },
    /** Starts to count again for one job, or for all jobs, because another batch or wave has begun. */
    restart(job?: string): void {
      for (const [key, { first }] of folds) if (job === undefined || first.job === job) folds.delete(key);
    },
    isHolding(): boolean {
      for (const { workers } of folds.values()) if (workers.length > 0) return true;
      return false;
    },
  };
}

function resultOf(event: MaandEvent, style: Style): Result | undefined {
  switch (event.type) {
    case "stage.finished": {
      const what = `files of ${event.jobs.join(", ")}`;
      return result(event, undefined, what, (workers) => `${outcomeWord(event.outcome, style)} ${what} to ${workers}`);
    }
    case "action.finished": {
      const what = `${event.action} ${event.job}`;
      return result(event, event.job, what, (workers) => `${outcomeWord(event.outcome, style)} ${what} on ${workers}`);
    }
    case "command.finished": {
      const what = `${event.command} (${event.event}) ${event.job}`;
      return result(event, event.job, what, (workers) => `${outcomeWord(event.outcome, style)} ${what} on ${workers}`);
    }
    case "script.finished":
      return result(event, undefined, "script", (workers) => `${outcomeWord(event.outcome, style)} ${workers}`);
    case "worker.failed":
      return result(
        { ...event, output: [] },
        undefined,
        "worker",
        (workers) => `${style.bad(event.outcome)} ${workers}`,
      );
    default:
      return undefined;
  }
}

interface Finished {
  readonly worker: string;
  readonly outcome: Outcome;
  readonly message: string | null;
  readonly output?: readonly string[];
  readonly duration_ms?: number;
}

function result(event: Finished, job: string | undefined, what: string, text: (workers: string) => string): Result {
  const { worker, outcome, output = [], duration_ms: ms } = event;
  const message = (event.message ?? "").replaceAll(` on ${worker}`, "").replaceAll(worker, "it");
  return {
    key: JSON.stringify([what, outcome, message, output]),
    job,
    worker,
    ms,
    text: (workers) => `${text(workers)}${message === "" ? "" : `: ${message}`}`,
  };
}

import type { Style } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import type { PrintedLines } from "@maand/core/toolbox";
import { finishFolds } from "./finish-folds.ts";
import { OutputFolds } from "./output-folds.ts";

/** An event and its lines. */
export interface Printed {
  readonly event: MaandEvent;
  readonly lines: readonly string[];
}

/** Folds equal lines of many workers into one line with a count. */
export interface FoldedLines {
  /** The lines to print now for an event with these lines, including held lines of earlier events. */
  add(event: MaandEvent, lines: readonly string[]): readonly Printed[];
  /** Like `add`, for lines that arrived together. */
  addLines(printed: PrintedLines, lines: readonly string[]): readonly Printed[];
  /** The lines that were held or counted so far. */
  flush(): readonly Printed[];
  isHolding(): boolean;
}

/**
 * Folds equal lines of many workers. Held lines are printed at the end of a batch, a job, a wave or the run, or with
 * `flush`.
 */
export function foldedLines(style: Style): FoldedLines {
  const finishes = finishFolds(style);
  const outputs = new OutputFolds(style);
  let lastOutput: MaandEvent | undefined;

  const output = (lines: readonly string[]): readonly Printed[] =>
    lastOutput === undefined || lines.length === 0 ? [] : [{ event: lastOutput, lines }];
  const counted = (job?: string) => [...output(outputs.flush()), ...finishes.flush(job)];
  const flush = () => [...output(outputs.release()), ...counted()];

  /** The lines of counted results to print before an event that begins or ends a part of the run. */
  function before(event: MaandEvent): readonly Printed[] {
    switch (event.type) {
      case "batch.started":
      case "job.finished": {
        const printed = counted(event.job);
        finishes.restart(event.job);
        return printed;
      }
      case "job.started":
      case "health.started":
        return counted(event.job);
      case "wave.started":
      case "maintenance.worker":
      case "maintenance.finished":
      case "run.finished": {
        const printed = flush();
        finishes.restart();
        return printed;
      }
      default:
        return [];
    }
  }

  function during(event: MaandEvent, lines: readonly string[]): readonly string[] {
    switch (event.type) {
      case "output":
        lastOutput = event;
        return outputs.add(event, lines);
      case "action.finished":
      case "command.finished":
        return [...outputs.end(event.job, event.worker), ...finishes.add(event, lines)];
      case "script.finished":
        return [...outputs.end(undefined, event.worker), ...finishes.add(event, lines)];
      default:
        return finishes.add(event, outputs.add(event, lines));
    }
  }

  return {
    add: (event, lines) => [...before(event), { event, lines: during(event, lines) }],
    addLines(printed, lines) {
      lastOutput = printed.first;
      return [{ event: printed.first, lines: outputs.addLines(printed, lines) }];
    },
    flush,
    isHolding: () => outputs.isHolding() || finishes.isHolding(),
  };
}

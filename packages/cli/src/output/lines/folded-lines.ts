import type { Style } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import { finishFolds } from "./finish-folds.ts";
import { OutputFolds } from "./output-folds.ts";

/** Lines in which equal ones of many workers are one with a count. */
export interface FoldedLines {
  /** The lines to print for an event that has these lines. */
  add(event: MaandEvent, lines: readonly string[]): readonly string[];
  /** Lines that were held or counted so far. */
  flush(): readonly string[];
  isHolding(): boolean;
}

/** Folds equal lines of many workers. What is held is printed where a batch, a job, a wave or the run ends, or with `flush`. */
export function foldedLines(style: Style): FoldedLines {
  const finishes = finishFolds(style);
  const outputs = new OutputFolds(style);
  const flush = () => [...outputs.release(), ...outputs.flush(), ...finishes.flush()];

  /** What was counted before an event that begins or ends a part of the run. */
  function before(event: MaandEvent): readonly string[] {
    switch (event.type) {
      case "batch.started":
      case "job.finished": {
        const lines = [...outputs.flush(), ...finishes.flush(event.job)];
        finishes.restart(event.job);
        return lines;
      }
      case "job.started":
      case "health.started":
        return [...outputs.flush(), ...finishes.flush(event.job)];
      case "wave.started":
      case "maintenance.worker":
      case "maintenance.finished":
      case "run.finished": {
        const lines = flush();
        finishes.restart();
        return lines;
      }
      default:
        return [];
    }
  }

  function during(event: MaandEvent, lines: readonly string[]): readonly string[] {
    switch (event.type) {
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
    add: (event, lines) => [...before(event), ...during(event, lines)],
    flush,
    isHolding: () => outputs.isHolding() || finishes.isHolding(),
  };
}

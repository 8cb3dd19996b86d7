import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { MaandEvent } from "../events.ts";
import type { Plugin } from "../plugin.ts";

/**
 * The record of every run: one file per run under `logs/runs/`, one event per line, as it happens. Screens, `--json` and
 * `maand logs` read the same events, so none of them can disagree. A log that cannot be written never ends a run.
 */
export function runLog(logs: string): Plugin {
  const files = new Map<string, number>();
  return {
    name: "run-log",
    apply(hooks) {
      hooks.event.tap("run-log", (event) => {
        try {
          writeSync(fileOf(event), `${JSON.stringify(event)}\n`);
          if (event.type === "run.finished") close(event.run);
        } catch {
          // a full or read-only disk must not stop a deploy that is under way
        }
      });
    },
  };

  function fileOf(event: MaandEvent): number {
    const known = files.get(event.run);
    if (known !== undefined) return known;
    const directory = join(logs, "runs");
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const file = openSync(join(directory, `${event.run}.ndjson`), "a", 0o600);
    files.set(event.run, file);
    return file;
  }

  function close(run: string): void {
    const file = files.get(run);
    if (file !== undefined) closeSync(file);
    files.delete(run);
  }
}

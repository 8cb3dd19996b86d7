import type { ProcessContext, Style } from "@maand/command";
import type { MaandEvent } from "@maand/core";

/**
 * Prints lines as they arrive, and below them a status line with the running steps. The status line is redrawn with each
 * event and removed at the end, so that the remaining output is the same as in a file.
 */
export function liveScreen(
  stderr: ProcessContext["stderr"],
  lines: (event: MaandEvent) => string[],
  style: Style,
): (event: MaandEvent) => void {
  const waiting = new Map<string, string>();
  let shown = false;
  return (event) => {
    follow(waiting, event);
    const fresh = lines(event);
    const status = event.type === "run.finished" || waiting.size === 0 ? "" : statusLine(waiting, stderr.columns ?? 80);
    const clear = shown ? "\r\u001b[K" : "";
    stderr.write(`${clear}${fresh.map((line) => `${line}\n`).join("")}${status === "" ? "" : style.faint(status)}`);
    shown = status !== "";
  };
}

/** Keeps the list of running steps: a start event adds a step, an end event removes it. */
function follow(waiting: Map<string, string>, event: MaandEvent): void {
  switch (event.type) {
    case "action.started":
      waiting.set(`${event.job}@${event.worker}`, `${event.action} ${event.job}@${event.worker}`);
      break;
    case "action.finished":
      waiting.delete(`${event.job}@${event.worker}`);
      break;
    case "script.started":
      waiting.set(`script ${event.worker}`, event.worker);
      break;
    case "script.finished":
      waiting.delete(`script ${event.worker}`);
      break;
    case "command.started":
      waiting.set(`${event.command} ${event.job}@${event.worker}`, `${event.command} for ${event.job}@${event.worker}`);
      break;
    case "command.finished":
      waiting.delete(`${event.command} ${event.job}@${event.worker}`);
      break;
    case "stage.started":
      waiting.set(`stage ${event.worker}`, `files to ${event.worker}`);
      break;
    case "stage.finished":
      waiting.delete(`stage ${event.worker}`);
      break;
    case "rollout.soaking":
      waiting.set(`rollout ${event.job}`, `soak of ${event.job}`);
      break;
    case "rollout.waiting":
      waiting.set(`rollout ${event.job}`, `${event.job} until ${event.until.slice(11, 19)} UTC`);
      break;
    case "rollout.step":
    case "rollout.paused":
    case "job.finished":
      waiting.delete(`rollout ${event.job}`);
      break;
    case "health.started":
      waiting.set(`health ${event.job}`, `health of ${event.job}`);
      break;
    case "health.finished":
      waiting.delete(`health ${event.job}`);
      break;
    default:
  }
}

function statusLine(waiting: ReadonlyMap<string, string>, columns: number): string {
  const text = `... ${[...waiting.values()].join(", ")}`;
  return text.length < columns ? text : `${text.slice(0, Math.max(0, columns - 5))} ...`;
}

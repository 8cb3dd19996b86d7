import { randomBytes } from "node:crypto";
import type { ProcessContext } from "@maand/command";
import type { MaandEvent } from "@maand/core";

/**
 * Puts lines into the groups of a CI system. Problems are printed outside the groups, so that a folded group does not
 * hide them.
 */
export interface CiGroups {
  /** The text to write for the lines of an event. */
  text(event: MaandEvent, lines: readonly string[]): string;
  /** The text to write at the end. */
  end(): string;
}

/** The marks of a group in a CI system. */
interface Marks {
  begin(title: string, at: string): string;
  end(at: string): string;
  /** Written before any other line, and at the end. */
  readonly guard?: { readonly before: string; readonly after: string };
}

/** The groups for the CI system in which maand runs; undefined elsewhere, and in a system without groups. */
export function ciGroups(
  env: ProcessContext["env"],
  token = () => randomBytes(16).toString("hex"),
): CiGroups | undefined {
  if (env.GITHUB_ACTIONS === "true") return groups(github(token()));
  return env.GITLAB_CI ? groups(gitlab()) : undefined;
}

/**
 * The group commands of GitHub. A random token disables workflow commands except in maand's own lines, because the
 * output of a program must not act as a command.
 */
function github(token: string): Marks {
  const [stop, resume] = [`::stop-commands::${token}\n`, `::${token}::\n`];
  return {
    begin: (title) => `${resume}::group::${escaped(title)}\n${stop}`,
    end: () => `${resume}::endgroup::\n${stop}`,
    guard: { before: stop, after: resume },
  };
}

function escaped(title: string): string {
  return title.replace(/[%\r\n]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}

function gitlab(): Marks {
  const clear = "\u001b[0K";
  let count = 0;
  const mark = (what: string, at: string) =>
    `${clear}section_${what}:${Math.floor(Date.parse(at) / 1000)}:maand_${count}`;
  return {
    begin(title, at) {
      count += 1;
      return `${mark("start", at)}[collapsed=true]\r${clear}${title}\n`;
    },
    end: (at) => `${mark("end", at)}\r${clear}\n`,
  };
}

function groups({ begin, end, guard }: Marks): CiGroups {
  let title = "maand";
  let wave = 0;
  let isOpen = false;
  let isGuarded = false;
  let at = "";
  const close = () => {
    const text = isOpen ? end(at) : "";
    isOpen = false;
    return text;
  };
  const guarded = () => {
    const text = isGuarded ? "" : (guard?.before ?? "");
    isGuarded = true;
    return text;
  };
  return {
    text(event, lines) {
      at = event.at;
      let text = "";
      if (event.type === "run.started") title = `maand ${event.command}`;
      if (event.type === "wave.started") {
        wave += 1;
        text += close();
        title = `wave ${wave}: ${event.jobs.join(", ")}`;
      }
      if (lines.length === 0) return text;
      text += guarded();
      if (isOutside(event)) text += close();
      else if (!isOpen) {
        text += begin(title, at);
        isOpen = true;
      }
      return text + lines.map((line) => `${line}\n`).join("");
    },
    end() {
      const text = `${close()}${isGuarded ? (guard?.after ?? "") : ""}`;
      isGuarded = false;
      return text;
    },
  };
}

/** Whether the lines of an event belong outside of groups, so that every reader of the log sees them. */
function isOutside(event: MaandEvent): boolean {
  switch (event.type) {
    case "action.finished":
    case "command.finished":
    case "script.finished":
    case "stage.finished":
      return event.outcome !== "ok";
    case "health.finished":
      return event.outcome === "failed";
    case "warning":
    case "worker.failed":
    case "revert.started":
    case "revert.finished":
    case "rollout.paused":
    case "budget.refused":
    case "budget.ignored":
    case "maintenance.finished":
    case "run.finished":
      return true;
    case "tap.waiting":
      return event.stopping;
    default:
      return false;
  }
}

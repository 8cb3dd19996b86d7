import type { MaandEvent } from "../events.ts";
import type { LogFields } from "./line.ts";

/** The state of one run while its events arrive. */
interface RunState {
  /** The command as one word. */
  readonly word: string;
  readonly command: string;
  updateSeq: number;
  /** Number of the last command that started in it. */
  commands: number;
  /** Running commands, by allocation or worker. */
  readonly open: Map<string, LogFields>;
}

/** Converts the events of runs to log lines. */
export class LogRecords {
  readonly #runs = new Map<string, RunState>();

  /** The log line of an event. */
  of(event: MaandEvent): LogFields {
    const state = this.#stateOf(event);
    if ("update_seq" in event && typeof event.update_seq === "number") state.updateSeq = event.update_seq;
    const worker = "worker" in event && event.worker ? event.worker : "-";
    return { ...headOf(event, state), worker, ...output(event, state) };
  }

  /** The last line of a run that has no final event; undefined if the run has one. */
  end(run: string, ts: string): LogFields | undefined {
    const state = this.#runs.get(run);
    this.#runs.delete(run);
    if (!state) return undefined;
    return { ...headOf({ at: ts, run }, state), event: "run_finished", worker: "-" };
  }

  /** Discards the state of a run that has ended. */
  forget(run: string): void {
    this.#runs.delete(run);
  }

  #stateOf(event: MaandEvent): RunState {
    const state = this.#runs.get(event.run);
    if (state) return state;
    const command = event.type === "run.started" ? event.command : "";
    const made = { word: wordOf(command), command, updateSeq: 0, commands: 0, open: new Map() };
    this.#runs.set(event.run, made);
    return made;
  }
}

function headOf({ at, run }: Pick<MaandEvent, "at" | "run">, state: RunState): LogFields {
  const { word: maand, updateSeq: seq } = state;
  return seq > 0 ? { ts: at, level: "INFO", run, maand, seq } : { ts: at, level: "INFO", run, maand };
}

/** A command as one word for `grep`; the line of `run_started` contains the whole command. */
function wordOf(command: string): string {
  return command === "health_check" ? "healthcheck" : command.replace(/^(job|deploy) .*/, "$1");
}

function output(event: MaandEvent, state: RunState): LogFields {
  switch (event.type) {
    case "output": {
      const under = state.open.get(unit(event)) ?? commandOf(event, state) ?? {};
      return { ...under, ...named(event.job), stream: event.stream, msg: event.line };
    }
    case "action.started": {
      const command = { job: event.job, phase: phaseOf(event.action, state), action: actionOf(event.action, state) };
      return { event: "command_begin", ...begun(state, unit(event), command), cmd: `${event.action} ${event.job}` };
    }
    case "action.finished":
      return {
        event: "command_end",
        ...(ended(state, unit(event)) ?? {
          job: event.job,
          phase: phaseOf(event.action, state),
          action: actionOf(event.action, state),
        }),
        ...endOf(event),
      };
    case "stage.started": {
      const job = event.jobs.join(",");
      return { event: "command_begin", ...begun(state, sync(event), { job, phase: "rsync", action: "rsync" }) };
    }
    case "command.started": {
      const { job, command, event: hook } = event;
      const fields = { job, phase: "job_command", action: command, hook };
      return { event: "command_begin", ...begun(state, hookOf(event), fields), cmd: command };
    }
    case "command.finished":
      return { event: "command_end", ...ended(state, hookOf(event)), ...endOf(event) };
    case "script.started": {
      const command = { phase: "run_command", action: "ssh" };
      return {
        event: "command_begin",
        ...begun(state, unit({ ...event, job: null }), command),
        cmd: oneLine(event.script),
      };
    }
    case "script.finished":
      return { event: "command_end", ...ended(state, unit({ ...event, job: null })), ...endOf(event) };
    case "stage.finished":
      return { event: "command_end", ...ended(state, sync(event)), ...endOf(event) };
    case "worker.checked": {
      const end = { exit: event.ok ? 0 : 1, duration_ms: event.duration_ms, msg: event.message ?? "" };
      return { event: "command_end", ...SYNC_CHECK, ...end };
    }
    case "allocation.marked_stopped": {
      const msg = `${event.by} recorded that it is stopped (${event.reason}); nothing was run`;
      return { event: "marked_stopped", phase: "job", job: event.job, action: "stop", msg };
    }
    case "job.skipped":
      // the event name of the earlier maand, written in Go, which scripts look for, and the reason of this event
      return { event: "deploy_skip", phase: "rollout", job: event.job, reason: "already_promoted", msg: event.reason };
    default:
      return otherFields(event);
  }
}

/**
 * The check of a worker before a command of `maand job`, under the names that the earlier maand, written in Go, used.
 */
const SYNC_CHECK = { phase: "validate", action: "worker_sync", cmd: "worker_sync" };

interface Ended {
  readonly outcome: string;
  readonly exit?: number | null;
  readonly message: string | null;
  readonly duration_ms: number;
}

/**
 * The fields for the end of a command. The exit code -1 means that the command has none, because it was killed or never
 * started.
 */
function endOf({ outcome, exit, message, duration_ms }: Ended): LogFields {
  const good = outcome === "ok";
  return { exit: exit ?? (good ? 0 : -1), duration_ms, reason: good ? "" : outcome, msg: message ?? "" };
}

/** Gives a command a number within its run, which distinguishes the lines of parallel commands. */
function begun(state: RunState, key: string, fields: LogFields): LogFields {
  state.commands += 1;
  const command = { ...fields, id: String(state.commands) };
  state.open.set(key, command);
  return command;
}

function ended(state: RunState, key: string): LogFields | undefined {
  const command = state.open.get(key);
  state.open.delete(key);
  return command;
}

function unit({ job, worker }: { readonly job: string | null; readonly worker: string | null }): string {
  return `${job ?? ""}@${worker ?? ""}`;
}

/** The key of an open command. Several may run for one allocation, because health checks run at any time. */
function hookOf({
  job,
  worker,
  command,
}: {
  readonly job: string;
  readonly worker: string;
  readonly command: string;
}): string {
  return `${unit({ job, worker })} ${command}`;
}

/** The command that a line belongs to: the last one that started for this allocation. */
function commandOf(
  event: { readonly job: string | null; readonly worker: string | null },
  state: RunState,
): LogFields | undefined {
  const start = `${unit(event)} `;
  return [...state.open].findLast(([key]) => key.startsWith(start))?.[1];
}

/** A command as one line of at most 200 characters. */
function oneLine(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > 200 ? `${line.slice(0, 197)}...` : line;
}

function sync({ worker }: { readonly worker: string }): string {
  return `rsync ${worker}`;
}

function named(job: string | null): LogFields {
  return job === null ? {} : { job };
}

function phaseOf(action: string, { command }: RunState): string {
  if (command.startsWith("job ")) return "job_control";
  if (command === "gc") return "gc";
  return action === "stop" || action === "remove" ? "reconcile" : "rollout";
}

function actionOf(action: string, { command }: RunState): string {
  if (action !== "remove") return action;
  return command === "gc" ? "cleanup_job_tree" : "cleanup_deploy";
}

/** Event keys that have a different name in the logs. */
const WORDS: Readonly<Record<string, string>> = { message: "msg", line: "msg", command: "cmd", phase: "batch" };

/** Events that are part of a phase, by the first word of their type. */
const PHASES: Readonly<Record<string, string>> = { health: "health_check", job: "rollout", batch: "rollout" };

/** Fields that every line already has, or that another line contains in full. */
const LEFT_OUT: ReadonlySet<string> = new Set(["seq", "at", "run", "type", "update_seq", "output", "warnings"]);

/** Any other event: its type as one word, and its fields that are single values or lists of names. */
function otherFields(event: MaandEvent): LogFields {
  const name = event.type.replaceAll(".", "_");
  const fields = Object.entries(event).flatMap(([key, value]): [string, string | number][] => {
    if (LEFT_OUT.has(key) || value === null || (key === "worker" && value === "")) return [];
    const text = textOf(value);
    return text === undefined ? [] : [[WORDS[key] ?? key, text]];
  });
  const phase = PHASES[event.type.split(".")[0] ?? ""];
  return { event: name, ...(phase !== undefined && { phase }), ...Object.fromEntries(fields) };
}

function textOf(value: unknown): string | number | undefined {
  if (typeof value === "string" || typeof value === "number") return value;
  if (typeof value === "boolean") return String(value);
  if (!Array.isArray(value) || value.some((item) => typeof item !== "string")) return undefined;
  return value.join(",");
}

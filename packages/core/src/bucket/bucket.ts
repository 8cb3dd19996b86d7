import type { BucketPaths } from "../config/find-bucket.ts";
import type { Settings } from "../domain/settings/settings.ts";
import type { EventData, EventMap, EventType, MaandEvent } from "../events.ts";
import type { AbsentPlugin } from "../plugin-api/absent-plugins.ts";
import type { LogSource, RunContext } from "../plugin-api/base-contexts.ts";
import type { Hooks } from "../plugin-api/hooks.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { type OldName, renamedText } from "../plugin-api/tapping/renamed-hooks.ts";
import type { Mask } from "../remote/mask-secrets.ts";
import type { OutputStream } from "../remote/remote.ts";
import type { KvStore } from "../store/kv/kv.ts";
import type { KvKey } from "../store/kv/kv-key.ts";
import type { Store } from "../store/store.ts";
import { takeEventFailures } from "./apply-plugins.ts";
import type { StateSource } from "./life/state-source.ts";
import { callWithLines, pressureOf } from "./lines/call-readers.ts";
import { type LineSource, PendingLines } from "./lines/pending-lines.ts";
import type { TapUnit } from "./watch/tap-unit.ts";
import type { TapWatch } from "./watch/tap-watch.ts";
import { UnitSignals } from "./watch/unit-signals.ts";
import type { WaitingTaps } from "./watch/wait-notices.ts";

/** An open bucket with its plugins applied. Commands with side effects work on this object. */
export interface Bucket {
  readonly paths: BucketPaths;
  readonly bucketId: string;
  readonly store: Store;
  /** The KV entries in the store, secrets in clear text. */
  readonly kv: KvStore;
  /** Encrypts secrets and private keys in the store. */
  readonly key: KvKey;
  /** Contains every secret that was read, and masks it in every event. */
  readonly mask: Mask;
  readonly hooks: Hooks;
  /** Watches the taps that are awaited. */
  readonly watch: TapWatch;
  /** What plugins keep between runs. */
  readonly states: Pick<StateSource, "discardWrites">;
  readonly plugins: readonly Plugin[];
  /**
   * Stock plugins that the configuration removes. Messages about a missing feature name the plugin that provides it.
   */
  readonly absent: readonly AbsentPlugin[];
  /** Hooks that plugins tapped under old names; every run warns about them. */
  readonly oldNames: readonly OldName[];
  readonly settings: Settings;
  /** The clock. The caller passes it in, so core never reads the system clock. */
  readonly now: () => Date;
  /** Generates a new UUID. */
  readonly newId: () => string;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** The process id that the lock names as its holder. */
  readonly pid: number;
  /**
   * Why the record of the run could not be written. Only the first call after the failure returns it.
   */
  readonly logProblem: () => string | undefined;
}

/** The worker and the job that a line or event belongs to. */
export interface EventSubject {
  readonly worker?: string;
  readonly job?: string;
}

/** One run of a command: its identity, its clock and its events. */
export interface RunReporter {
  readonly bucket: Bucket;
  readonly id: string;
  readonly command: string;
  readonly startedAt: Date;
  /** Emits `run.started`. Any event that comes earlier emits `run.started` first. */
  start(continues: string | null): void;
  emit<T extends EventType>(type: T, fields: EventMap[T]): void;
  /** The base of every context of this run; `log` and `emit` belong to the given worker and job. */
  context(subject: EventSubject): RunContext;
}

/** Names of plugin events: the plugin's name, a dot, and what happened. */
const EVENT_NAME = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9_-]*)+$/;

/** Starts the event stream of a run. */
export function runReporter(bucket: Bucket, command: string): RunReporter {
  const id = bucket.newId();
  const signals = new UnitSignals(bucket.signal);
  let seq = 0;
  let isFinished = false;
  const report: RunReporter["emit"] = (type, fields) => {
    seq += 1;
    if (type !== "tap.waiting") bucket.watch.noteLife(unitIn(fields));
    bucket.hooks.event.call(event(type, bucket.mask.conceal(fields), { seq, at: bucket.now().toISOString(), run: id }));
  };
  const start: RunReporter["start"] = (continues) => {
    const updateSeq = bucket.store.bucket.read()?.updateSeq ?? 0;
    report("run.started", { command, bucket: bucket.bucketId, update_seq: updateSeq, continues });
    for (const name of bucket.oldNames)
      report("warning", { code: "renamed_hook", message: renamedText(name), worker: null, job: null });
  };
  const reportLines = (source: LineSource, printed: readonly string[]) => {
    if (isFinished) return; // emitted by an abandoned tap that is still running
    if (seq === 0) start(null);
    bucket.watch.noteLife(unitIn(source));
    const lines = bucket.mask.lines(printed);
    const head = { seq: seq + 1, at: bucket.now().toISOString(), run: id };
    seq += lines.length;
    callWithLines(bucket.hooks, { first: event("output", { line: lines[0] ?? "", ...source }, head), lines });
    reportFailures();
  };
  const pending = new PendingLines(reportLines);
  const emit: RunReporter["emit"] = (type, fields) => {
    pending.flush();
    if (isFinished) return; // emitted by an abandoned tap that is still running
    if (seq === 0) start(null);
    report(type, fields);
    isFinished = type === "run.finished";
    reportFailures();
  };
  const reportFailures = () => {
    const problem = bucket.logProblem();
    if (problem !== undefined) report("warning", unwritten(problem));
    for (const { message } of takeEventFailures(bucket.hooks))
      report("warning", { code: "event_tap_failed", message, worker: null, job: null });
  };
  const base = {
    run: { id, command },
    bucket: { id: bucket.bucketId, root: bucket.paths.root },
    settings: bucket.settings,
    backPressure: pressureOf(bucket.hooks, bucket.signal),
  };
  bucket.watch.onWaiting = (waiting) => emit("tap.waiting", waitingFields(waiting));
  const context = ({ worker, job }: EventSubject): RunContext => {
    const sources = sourcesOf({ worker: worker ?? null, job: job ?? null });
    return {
      ...base,
      signal: signals.of({ ...(job === undefined ? {} : { job }), ...(worker === undefined ? {} : { worker }) }),
      log: (line: string, source?: LogSource) => pending.add(line, sources[source?.stream ?? "stdout"]),
      emit(name: string, data: EventData = {}) {
        if (!EVENT_NAME.test(name)) throw new Error(`"${name}" is not a valid event name; write it like acme.soaked`);
        emit("plugin.event", { name, data, worker: worker ?? null, job: job ?? null });
      },
    };
  };
  return { bucket, id, command, startedAt: bucket.now(), start, emit, context };
}

/** Creates the sources of a context once, so that a line of output needs no new object. */
function sourcesOf(unit: Pick<LineSource, "worker" | "job">): Readonly<Record<OutputStream, LineSource>> {
  return { stdout: { stream: "stdout", ...unit }, stderr: { stream: "stderr", ...unit } };
}

function unwritten(why: string): EventMap["warning"] {
  const message = `the logs cannot be written, and the run continues without them: ${why}`;
  return { code: "log_not_written", message, worker: null, job: null };
}

function waitingFields({ plugin, hook, units, waitedMs, limitMs, isStopping }: WaitingTaps): EventMap["tap.waiting"] {
  return { plugin, hook, units, waited_ms: Math.round(waitedMs), limit_ms: limitMs, stopping: isStopping };
}

/** The job and the worker that an event is about. */
function unitIn(fields: object): TapUnit {
  const job = "job" in fields && typeof fields.job === "string" ? { job: fields.job } : {};
  return "worker" in fields && typeof fields.worker === "string" ? { ...job, worker: fields.worker } : job;
}

type EventHead = { readonly seq: number; readonly at: string; readonly run: string };

/** Assembles an event; the signature of `emit` guarantees that type and fields match. */
function event<T extends EventType>(type: T, fields: EventMap[T], head: EventHead): Extract<MaandEvent, { type: T }>;
function event(type: EventType, fields: object, head: EventHead): object {
  return { ...head, type, ...fields };
}

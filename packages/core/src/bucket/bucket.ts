import type { BucketPaths } from "../config/find-bucket.ts";
import type { Settings } from "../domain/settings/settings.ts";
import type { EventData, EventMap, EventType, MaandEvent } from "../events.ts";
import type { AbsentPlugin } from "../plugin-api/absent-plugins.ts";
import type { LogSource, RunContext } from "../plugin-api/base-contexts.ts";
import type { Hooks } from "../plugin-api/hooks.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import type { Mask } from "../remote/mask.ts";
import type { KvStore } from "../store/kv.ts";
import type { KvKey } from "../store/kv-key.ts";
import type { Store } from "../store/store.ts";
import { takeEventFailures } from "./apply-plugins.ts";

/** A bucket, opened, with its plugins applied: what every command that does something works on. */
export interface Bucket {
  readonly paths: BucketPaths;
  readonly bucketId: string;
  readonly store: Store;
  /** The KV entries in the store, secrets in clear text. */
  readonly kv: KvStore;
  /** Encrypts what is kept and must not be read (decision 26). */
  readonly key: KvKey;
  /** Knows every secret that was read, and hides it in every event (decision 26). */
  readonly mask: Mask;
  readonly hooks: Hooks;
  readonly plugins: readonly Plugin[];
  /** Stock plugins that the configuration leaves out: messages about what is missing name them. */
  readonly absent: readonly AbsentPlugin[];
  readonly settings: Settings;
  /** The clock; passed in, so that core never reads one. */
  readonly now: () => Date;
  /** Gives UUIDs. */
  readonly newId: () => string;
  /** Aborts when a person interrupts. */
  readonly signal: AbortSignal;
  /** Name of the process that holds the lock, for others. */
  readonly pid: number;
  /** Why the run's record could not be written; said once, undefined while all is well. */
  readonly logProblem: () => string | undefined;
}

/** Where words of a plugin come from. */
export interface EventSubject {
  readonly worker?: string;
  readonly job?: string;
}

/** One run of a command: its identity, its clock, and how it speaks. */
export interface RunReporter {
  readonly bucket: Bucket;
  readonly id: string;
  readonly command: string;
  readonly startedAt: Date;
  /** Says that the run begins; whatever is said first of a run that did not say so, says it too. */
  start(continues: string | null): void;
  emit<T extends EventType>(type: T, fields: EventMap[T]): void;
  /** The base of every context of this run; `log` speaks for the unit named. */
  context(subject: EventSubject): RunContext;
}

/** Names of happenings of plugins: the plugin's, and what it was. */
const EVENT_NAME = /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9_-]*)+$/;

/** Begins to speak as a run. */
export function runReporter(bucket: Bucket, command: string): RunReporter {
  const id = bucket.newId();
  let seq = 0;
  const report: RunReporter["emit"] = (type, fields) => {
    seq += 1;
    bucket.hooks.event.call(event(type, bucket.mask.conceal(fields), { seq, at: bucket.now().toISOString(), run: id }));
  };
  const start: RunReporter["start"] = (continues) => {
    const updateSeq = bucket.store.bucket.read()?.updateSeq ?? 0;
    report("run.started", { command, bucket: bucket.bucketId, update_seq: updateSeq, continues });
  };
  const emit: RunReporter["emit"] = (type, fields) => {
    if (seq === 0) start(null);
    report(type, fields);
    const problem = bucket.logProblem();
    if (problem !== undefined) report("warning", unwritten(problem));
    for (const { message } of takeEventFailures(bucket.hooks))
      report("warning", { code: "event_tap_failed", message, worker: null, job: null });
  };
  const base = {
    run: { id, command },
    bucket: { id: bucket.bucketId, root: bucket.paths.root },
    settings: bucket.settings,
    signal: bucket.signal,
  };
  const context = ({ worker, job }: EventSubject): RunContext => ({
    ...base,
    log: (line: string, source?: LogSource) =>
      emit("output", { line, stream: source?.stream ?? "stdout", worker: worker ?? null, job: job ?? null }),
    emit(name: string, data: EventData = {}) {
      if (!EVENT_NAME.test(name)) throw new Error(`"${name}" is no name of an event; write it like acme.soaked`);
      emit("plugin.event", { name, data, worker: worker ?? null, job: job ?? null });
    },
  });
  return { bucket, id, command, startedAt: bucket.now(), start, emit, context };
}

function unwritten(why: string): EventMap["warning"] {
  const message = `the logs cannot be written, and the run goes on without them: ${why}`;
  return { code: "log_not_written", message, worker: null, job: null };
}

type EventHead = { readonly seq: number; readonly at: string; readonly run: string };

/** Puts an event together; its type and fields agree by the signature of `emit`. */
function event<T extends EventType>(type: T, fields: EventMap[T], head: EventHead): Extract<MaandEvent, { type: T }>;
function event(type: EventType, fields: object, head: EventHead): object {
  return { ...head, type, ...fields };
}

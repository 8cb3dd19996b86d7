import { contentHash } from "../../domain/deploy/digest.ts";
import { type FileAccess, fileMode } from "../../domain/deploy/file-access.ts";
import {
  type AccountNumbers,
  compareFiles,
  type ExpectedFile,
  type FileDrift,
} from "../../domain/drift/compare-files.ts";
import { compareMetadata } from "../../domain/drift/compare-metadata.ts";
import type { InspectedJob } from "../../domain/drift/inspected.ts";
import type { Allocation } from "../../domain/workspace/job.ts";
import type { Worker } from "../../domain/workspace/worker.ts";
import type {
  InspectContext,
  InspectExpectation,
  Inspection,
  InspectRequest,
} from "../../plugin-api/contexts/inspect-context.ts";
import type { Remote } from "../../remote/remote.ts";
import { LARGEST_TEXT } from "../../remote/text.ts";
import { atDelivery } from "../../run/delivered-root.ts";
import { noHandler } from "../../run/no-handler.ts";
import type { Run } from "../../run/run.ts";
import { RUNTIME_NAMES } from "../../workspace/job-files.ts";
import { isDelivered, metadataFiles } from "../metadata.ts";

/** The input of an inspection: a run, or a command that has no run. */
export type InspectSource = Pick<
  Run,
  | "bucket"
  | "reporter"
  | "connections"
  | "catalog"
  | "jobs"
  | "allocationsOf"
  | "allocationsOn"
  | "recorded"
  | "delivery"
>;

/** An allocation, and the files that its worker should have. */
export interface ExpectedAllocation {
  readonly allocation: Allocation;
  readonly files: readonly ExpectedFile[];
}

/** The differences between the files of an allocation on its worker and the synced files. */
export interface AllocationDrift extends ExpectedAllocation {
  /** Whether its directory is missing. */
  readonly isGone: boolean;
  readonly drift: readonly FileDrift[];
  /** Whether the worker has more added paths than `drift` lists. */
  readonly hasMore: boolean;
  /** Contents of changed files by path, if requested. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/** A worker, compared with its last sync. */
export interface InspectedWorker {
  /** Whether the bucket's directory is missing. */
  readonly isLost: boolean;
  readonly metadata: readonly FileDrift[];
  readonly allocations: readonly AllocationDrift[];
}

/** The options of an inspection. */
export interface InspectOptions {
  readonly expected: readonly ExpectedAllocation[];
  /** Whether the contents of changed files are returned. */
  readonly contents: boolean;
}

/**
 * Compares the metadata and the files of allocations on a worker with those that were synced to it. Changes nothing,
 * and needs no lock. Throws the errors of the connection, and of the plugin that handles `inspect`.
 */
export async function inspectWorker(
  source: InspectSource,
  worker: Worker,
  options: InspectOptions,
): Promise<InspectedWorker> {
  const { bucket, connections } = source;
  const remote = atDelivery(bucket, await connections.connect(worker));
  const wanted = metadataFiles(source, worker, source.delivery(worker.host)?.seq ?? 0);
  const hashes = new Map([...wanted].map(([path, text]) => [path, hashOf(text)]));
  const { expected, contents } = options;
  const found = await inspection(source, worker, remote, {
    hashes,
    jobs: new Map(expected.map((one) => requestOf(source, one))),
    accounts: expected.flatMap(({ files }) => files.flatMap(({ access }) => (access ? [access] : []))),
    contentLimit: contents ? LARGEST_TEXT : 0,
  });
  const delivery = source.delivery(worker.host);
  const isCompared = delivery?.metadata !== undefined;
  const isLastDelivery = (texts: ReadonlyMap<string, string>) => delivery !== undefined && isDelivered(texts, delivery);
  return {
    isLost: !found.exists,
    metadata: isCompared ? compareMetadata({ wanted, hashes, found: found.metadata, isLastDelivery }) : [],
    allocations: expected.map((one) => compared(one, found)),
  };
}

/** The request to the plugin that handles `inspect`. */
export interface InspectionRequest {
  /** SHA-256 of the metadata to inspect, by path. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly jobs: ReadonlyMap<string, InspectRequest>;
  /** Users and groups to look up. */
  readonly accounts?: readonly FileAccess[];
  /** The largest content to return, in bytes. */
  readonly contentLimit: number;
}

/** Inspects a worker through the plugins. Throws NO_HANDLER if no plugin handles the request. */
export async function inspection(
  { bucket, reporter }: Pick<InspectSource, "bucket" | "reporter">,
  worker: Worker,
  remote: Remote,
  { hashes, jobs, accounts = [], contentLimit }: InspectionRequest,
): Promise<Inspection> {
  const context: InspectContext = Object.freeze({
    ...reporter.context({ worker: worker.host }),
    worker,
    remote,
    metadata: hashes,
    jobs,
    keep: RUNTIME_NAMES,
    users: distinct(accounts.map(({ owner }) => owner)),
    groups: distinct(accounts.map(({ group }) => group)),
    contentLimit,
    timeoutMs: bucket.settings.timeouts.commandMs,
  });
  const found = await bucket.hooks.inspect.promise(context);
  if (found) return found;
  throw noHandler(bucket.absent, { hook: "inspect", transport: remote.transport, host: worker.host });
}

/**
 * Workers with the same files of a job share one request object. It is created only once, and plugins can recognize it.
 */
const requested = new WeakMap<readonly ExpectedFile[], InspectRequest["files"]>();

function requestOf(
  { jobs }: InspectSource,
  { allocation, files }: ExpectedAllocation,
): readonly [string, InspectRequest] {
  const wanted = requested.get(files) ?? new Map(files.map(expectationOf));
  requested.set(files, wanted);
  return [allocation.job, { files: wanted, protect: jobs.get(allocation.job)?.keep ?? [] }];
}

function expectationOf(file: ExpectedFile): readonly [string, InspectExpectation] {
  const { path, hash, size } = file;
  return [path, { hash, mode: fileMode(file), ...(size === undefined ? {} : { size }) }];
}

function distinct(names: readonly (string | undefined)[]): string[] {
  return [...new Set(names)].filter((name) => name !== undefined);
}

function compared(expected: ExpectedAllocation, found: Inspection): AllocationDrift {
  const there = found.jobs.get(expected.allocation.job);
  return {
    ...expected,
    isGone: there === undefined && expected.files.length > 0,
    drift: driftOf(expected.files, there ?? NOTHING, found),
    hasMore: there?.hasMore ?? false,
    contents: new Map((there?.files ?? []).flatMap(({ path, content }) => (content ? [[path, content]] : []))),
  };
}

const NOTHING: InspectedJob = { files: [], others: [], hasMore: false, unread: [] };

/** Earlier comparisons, because a plugin can return the same object for all workers that have the same files. */
const before = new WeakMap<
  InspectedJob,
  { readonly files: readonly ExpectedFile[]; readonly drift: readonly FileDrift[] }
>();

function driftOf(files: readonly ExpectedFile[], there: InspectedJob, accounts: AccountNumbers): readonly FileDrift[] {
  const known = before.get(there);
  if (known?.files === files) return known.drift;
  const drift = compareFiles(files, there, accounts);
  if (there !== NOTHING && accounts.users.size + accounts.groups.size === 0) before.set(there, { files, drift });
  return drift;
}

/** The files of `bin/` are the same on all workers, so they are hashed once. */
function hashOf(text: string): string {
  if (text.length < LONG) return contentHash(text);
  const known = hashed.get(text);
  if (known !== undefined) return known;
  const hash = contentHash(text);
  if (hashed.size >= MAX_HASHED) hashed.clear();
  hashed.set(text, hash);
  return hash;
}

const LONG = 4096;
const MAX_HASHED = 32;
const hashed = new Map<string, string>();

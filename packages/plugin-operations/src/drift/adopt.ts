import { chmodSync, existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { InspectedFile, Job, Worker } from "@maand/core";
import { createFile, makeDirectories, RUNTIME_NAMES } from "@maand/core/internal";
import {
  asMaandError,
  atDelivery,
  type Bucket,
  type CommandRun,
  type ExpectedFile,
  ExpectedFiles,
  hiderFor,
  inspection,
  openCommandRun,
  registerSecrets,
  replaceFile,
  runReporter,
  selectAllocations,
  workerOf,
} from "@maand/core/operator";
import { error, problemsError, refuseUnknown } from "@maand/core/readonly";
import { contentHash, reachesWorker, userName } from "@maand/core/toolbox";

/** A file of a job on a worker that will replace the file in the workspace. */
export interface AdoptOptions {
  readonly job: string;
  /** Relative to the job's directory. */
  readonly path: string;
  /** Workers as typed; empty: all with an active allocation of the job. */
  readonly workers: readonly string[];
  /** Overwrite the file in the workspace even if it differs from the promoted file. */
  readonly force: boolean;
}

/** The result of an adoption. */
export interface Adopted {
  readonly job: string;
  readonly path: string;
  /** The worker that it came from. */
  readonly host: string;
  /** Path of the written file, relative to the bucket. */
  readonly file: string;
  readonly size: number;
}

/** The maximum size of a file that is taken over, in bytes. */
const LARGEST = 16 * 1024 * 1024;

/**
 * Takes a file that was changed or added on a worker into the workspace, byte for byte. Only the workspace changes: the
 * next build and deploy roll it out. Throws PROBLEMS for templates, files that a plugin creates, files with secrets, a
 * file of the workspace that was edited since its promotion, and workers with different contents.
 */
export async function adopt(bucket: Bucket, options: AdoptOptions): Promise<Adopted> {
  const reporter = runReporter(bucket, "drift adopt");
  const source = openCommandRun(bucket, reporter, { pid: bucket.pid });
  try {
    registerSecrets(bucket);
    const names = source.catalog.jobs.map(({ name }) => name);
    refuseUnknown("job", "job", [options.job], names);
    const job = source.catalog.jobs.find(({ name }) => name === options.job);
    if (!job) throw refusal(options, "there is no such job", "to list the jobs, run maand cat jobs");
    refusePath(job, options);
    const found = await differing(source, job, options);
    refuseSecret(source, job, options, found);
    const place = join(bucket.paths.workspace, "jobs", job.name, options.path);
    if (!options.force) refuseEdited(source, place, options, found);
    write(place, found.file);
    const { path } = options;
    reporter.emit("drift.adopted", { worker: found.host, job: job.name, path, by: userName() });
    return {
      job: job.name,
      path,
      host: found.host,
      file: `workspace/jobs/${job.name}/${path}`,
      size: found.file.size,
    };
  } finally {
    await source.end();
  }
}

function refusal({ job, path }: Pick<AdoptOptions, "job" | "path">, message: string, hint: string) {
  return problemsError([error("not_adopted", `${job}: ${path}`, message, hint)]);
}

/** Refuses files that are not copied to the workers unchanged, because they cannot be taken back unchanged. */
function refusePath(job: Job, options: AdoptOptions): void {
  const { path } = options;
  const names = path.split("/");
  const isPath = names.every((name) => name !== "" && name !== "." && name !== "..") && !/[\p{Cc}\\]/u.test(path);
  if (!isPath) throw refusal(options, "it is not a path in the job's directory", "write it like conf/app.conf");
  if (RUNTIME_NAMES.includes(names[0] ?? ""))
    throw refusal(
      options,
      `${names[0]}/ belongs to the job on its workers, and is never in the workspace`,
      "copy it by hand",
    );
  const template = job.files.find((file) => file.path === `${path}.tpl`);
  if (template)
    throw refusal(
      options,
      `it is rendered from the template ${path}.tpl`,
      `edit workspace/jobs/${job.name}/${path}.tpl; maand drift --jobs ${job.name} --diff shows what was changed`,
    );
  if (!reachesWorker(path)) throw refusal(options, "such a file is never copied to workers", "name another file");
}

interface Differing {
  readonly host: string;
  readonly file: InspectedFile;
  readonly content: Uint8Array;
  readonly expected: ExpectedFile | undefined;
}

/** The only content that differs from the promoted content, with the first worker that has this content. */
async function differing(source: CommandRun, job: Job, options: AdoptOptions): Promise<Differing> {
  const allocations = selectAllocations(source, job, options.workers);
  const expected = new ExpectedFiles(source);
  const all = await Promise.all(
    allocations.map((allocation) => readOne(source, workerOf(source, allocation.host), job, expected, options)),
  );
  const found = all.filter((one) => one !== undefined);
  const [first] = found;
  if (!first)
    throw refusal(
      options,
      "it does not differ from what was promoted on any worker",
      `maand drift --jobs ${job.name} shows the differences`,
    );
  if (found.some(({ file }) => file.hash !== first.file.hash))
    throw refusal(
      options,
      `it differs in several ways, on ${found.map(({ host }) => host).join(", ")}`,
      "name the worker to take it from: --worker 10.0.0.1",
    );
  return first;
}

async function readOne(
  source: CommandRun,
  worker: Worker,
  job: Job,
  files: ExpectedFiles,
  options: AdoptOptions,
): Promise<Differing | undefined> {
  const { host } = worker;
  const promoted = files.on(host, [job.name]).expected[0]?.files.find(({ path }) => path === options.path);
  const isStatic = job.files.some(({ path }) => path === options.path);
  if (promoted && !isStatic)
    throw refusal(options, "a plugin creates this file, or the workspace no longer has it", "change its source");
  const remote = atDelivery(source.bucket, await source.connections.connect(worker));
  const request = { files: new Map([[options.path, { hash: promoted?.hash ?? "", mode: 0o644 }]]), protect: [] };
  const found = await inspection(source, worker, remote, {
    hashes: new Map(),
    jobs: new Map([[job.name, request]]),
    contentLimit: LARGEST,
  });
  const there = found.jobs.get(job.name);
  const file = there?.files.find(({ path }) => path === options.path);
  const other = there?.others.find(({ path }) => path === options.path);
  if (other)
    throw refusal(options, `it is not a regular file on ${host}, but a ${other.kind}`, "check it on the worker");
  if (!file || file.hash === promoted?.hash) return undefined;
  if (!file.content)
    throw refusal(
      options,
      `it has ${file.size} bytes on ${host}; at most ${LARGEST} are taken over`,
      "copy it by hand",
    );
  return { host, file, content: file.content, expected: promoted };
}

/** Refuses a file with a secret. Secrets must not get into the workspace, which is usually in a repository. */
function refuseSecret(
  { bucket }: CommandRun,
  job: Job,
  options: AdoptOptions,
  { host, content, expected }: Differing,
): void {
  const text = Buffer.from(content).toString("latin1");
  const utf8 = Buffer.from(content).toString("utf8");
  const hide = hiderFor(bucket, job, host);
  const hasSecret = [text, utf8].some((one) => hide(one) !== undefined || bucket.mask.text(one) !== one);
  if (expected?.secret !== true && !hasSecret) return;
  throw refusal(
    options,
    `it contains a secret on ${host}`,
    `make it a template, ${options.path}.tpl, that reads the secret: docs/secrets.md`,
  );
}

/** Refuses a file with edits in the workspace that are not deployed yet, because they would be lost. */
function refuseEdited(
  { bucket }: CommandRun,
  place: string,
  options: AdoptOptions,
  { file, expected }: Differing,
): void {
  const there = existsSync(place) ? contentHash(readFileSync(place)) : undefined;
  if (there === expected?.hash || there === file.hash) return;
  const where = place.slice(bucket.paths.root.length + 1);
  throw refusal(
    options,
    there === undefined
      ? `${where} no longer exists`
      : `${where} is not the file that was promoted, so its edits would be lost`,
    "compare the two, then add --force to overwrite it",
  );
}

function write(place: string, { content = new Uint8Array(), mode }: InspectedFile): void {
  try {
    if (existsSync(place)) replaceFile(place, content);
    else {
      makeDirectories(dirname(place));
      createFile(place, content);
    }
    const { mode: now } = statSync(place);
    const isExecutable = (mode & 0o111) !== 0;
    if (isExecutable !== ((now & 0o111) !== 0)) chmodSync(place, isExecutable ? now | 0o111 : now & ~0o111);
  } catch (cause) {
    throw asMaandError(cause);
  }
}

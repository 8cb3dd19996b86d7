import { readFileSync } from "node:fs";
import type { Argv, StageContext } from "@maand/core";
import {
  asSyncError,
  type FoundOnWorker,
  fenceOf,
  mountPoint,
  OUTPUT_LIMIT,
  type SyncedPaths,
  syncConflicts,
  syncedPaths,
  syncRefused,
} from "@maand/core/internal";
import { syncFailure } from "./failure.ts";

/** The parts of a stage that a survey needs. */
export type SurveyContext = Pick<
  StageContext,
  "remote" | "trees" | "metadata" | "jobs" | "keep" | "protect" | "timeoutMs" | "signal"
>;

let program: string | undefined;

/** The program that runs on the worker; its relative path is the same from `src/` and from `dist/`. */
function surveyProgram(): string {
  program ??= readFileSync(new URL("../worker/survey.sh", import.meta.url), "utf8");
  return program;
}

/** All paths in a directory and its subdirectories. */
const LIST = 'cd -- "$1" && exec find . ! -name . -exec printf "%s\\0" {} +';

/**
 * Creates the bucket's directory on a worker, deletes temporary files of an earlier sync, and refuses a sync that would
 * delete or overwrite files that maand did not create.
 * @throws STAGE_FAILED, WORKER_LACKS, and errors of `remote.probe`
 */
export async function surveyWorker(context: SurveyContext): Promise<void> {
  const { trees, metadata, remote } = context;
  const files = [
    ...metadata.keys(),
    ...trees.flatMap(({ job, files: own }) => own.map(({ path }) => `jobs/${job}/${path}`)),
  ];
  const synced = syncedPaths({ ...context, files });
  const output = await run(context, ["sh", "-c", surveyProgram(), "sh", remote.root, ...synced.jobs], list(synced));
  fenceOf(remote)?.admit(fenceIn(output));
  const found = parseSurvey(output);
  const conflicts = syncConflicts(await withContents(context, found, synced), synced);
  if (conflicts.length > 0) throw syncRefused(remote.host, conflicts);
}

/** Deletes the temporary files of a failed sync. A worker that no longer responds is cleaned before its next sync. */
export async function deleteHeldBack(context: SurveyContext): Promise<void> {
  await surveyWorker(context).catch(() => undefined);
}

function list({ files, directories, jobs }: SyncedPaths): string {
  const linkable = [".", "jobs", ...jobs.map((job) => `jobs/${job}`)];
  const entries = [
    ...linkable.map((path) => `o${path}`),
    ...[...directories].map((path) => `d${path}`),
    ...[...files].map((path) => `f${path}`),
  ];
  return entries.map((entry) => `${entry}\0`).join("");
}

async function run({ remote, timeoutMs, signal }: SurveyContext, argv: Argv, stdin?: string): Promise<string> {
  const { host } = remote;
  const options = {
    title: "listing the files",
    asRoot: true,
    timeoutMs,
    signal,
    ...(stdin !== undefined && { stdin }),
  };
  const printed = await remote.probe(argv, options).catch((cause: unknown) => {
    throw asSyncError(cause, host, timeoutMs);
  });
  if (printed.code !== 0) throw await syncFailure(remote, { exit: 0, remoteExit: printed.code, printed });
  return printed.stdout;
}

/** The record of the command that last changed the worker; empty if there is none. */
function fenceIn(output: string): string {
  const words = output.split("\0");
  const at = words.indexOf("fence");
  return at === 0 || words[at - 2] === "broken" ? (words[at + 1] ?? "") : "";
}

/** Parses the output of `worker/survey.sh`. */
export function parseSurvey(output: string): FoundOnWorker {
  const found = {
    broken: [] as string[],
    linked: new Map<string, string[]>(),
    places: new Map<string, string>(),
    links: [] as string[],
    directories: new Map<string, readonly string[]>(),
    others: [] as string[],
    mounts: new Map<string, readonly string[]>(),
  };
  const words = output.split("\0").values();
  const next = () => words.next().value ?? "";
  const read: Readonly<Record<string, () => void>> = {
    broken: () => void found.broken.push(next()),
    name: () => {
      const path = next();
      found.linked.set(path, [...(found.linked.get(path) ?? []), next()]);
    },
    place: () => void found.places.set(next(), next()),
    link: () => void found.links.push(next()),
    directory: () => void found.directories.set(next(), []),
    other: () => void found.others.push(next()),
    fence: () => void next(),
    mount: () => void found.mounts.set(mountPoint(next()), []),
  };
  for (const word of words) read[word]?.();
  return found;
}

/** Adds the contents of directories where a file belongs, and of mounted directories that the sync would clean up. */
async function withContents(context: SurveyContext, found: FoundOnWorker, synced: SyncedPaths): Promise<FoundOnWorker> {
  const filled = async (paths: Iterable<string>) =>
    new Map(await Promise.all([...paths].map(async (path) => [path, await contents(context, path)] as const)));
  const mounts = [...found.mounts.keys()].filter((path) => synced.directories.has(path));
  return {
    ...found,
    directories: await filled(found.directories.keys()),
    mounts: new Map([...found.mounts, ...(await filled(mounts))]),
  };
}

async function contents(context: SurveyContext, path: string): Promise<string[]> {
  const output = await run(context, ["sh", "-c", LIST, "sh", `${context.remote.root}/${path}`]);
  const paths = output.split("\0").flatMap((entry) => (entry.startsWith("./") ? [`${path}/${entry.slice(2)}`] : []));
  if (Buffer.byteLength(output) < OUTPUT_LIMIT) return paths;
  const message = `${path} contains too many files to check, and a sync would have to delete some of them`;
  throw syncRefused(context.remote.host, [{ message, hint: "move them away" }]);
}

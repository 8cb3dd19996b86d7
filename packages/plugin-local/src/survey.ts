import type { Stats } from "node:fs";
import { lstat, readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { type FoundOnWorker, mountPoint, type SyncedPaths } from "@maand/core/internal";

/** Inspects the places in a local worker's directory where a sync will write or delete. Changes nothing. */
export async function surveyLocal(root: string, { files, directories, jobs }: SyncedPaths): Promise<FoundOnWorker> {
  const found = {
    broken: [] as string[],
    links: [] as string[],
    directories: new Map<string, readonly string[]>(),
    others: [] as string[],
  };
  for (const path of [...directories, ...files]) {
    const here = await lookAt(join(root, path));
    if (!here) continue;
    if (here.isSymbolicLink()) {
      found.links.push(path);
      if (directories.has(path) && !(await isDirectory(join(root, path)))) found.broken.push(path);
    } else if (files.has(path) && here.isDirectory()) found.directories.set(path, await below(root, path));
    else if (directories.has(path) && !here.isDirectory()) found.others.push(path);
  }
  const { broken, linked, places } = await followed(root, jobs);
  const mounts = await mountsIn(root, jobs, directories);
  return { ...found, broken: [...broken, ...found.broken], linked, places, mounts };
}

/** The entry at a path, without following a link; undefined if there is none. */
export async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw cause;
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR");
}

async function below(root: string, path: string): Promise<string[]> {
  // with types, because without them Node follows symbolic links
  const entries = await readdir(join(root, path), { recursive: true, withFileTypes: true });
  return entries.map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

/** The targets of links that an operator may create: at the bucket's directory, at `jobs` and at a job's directory. */
async function followed(
  root: string,
  jobs: readonly string[],
): Promise<Pick<FoundOnWorker, "broken" | "linked" | "places">> {
  const broken: string[] = [];
  const linked = new Map<string, readonly string[]>();
  const isLink = async (path: string) => {
    if ((await lookAt(join(root, path)))?.isSymbolicLink() !== true) return false;
    if (!(await isDirectory(join(root, path)))) broken.push(path);
    return true;
  };
  const all = [await isLink("."), await isLink("jobs")].includes(true);
  let any = all;
  for (const job of jobs) {
    const path = `jobs/${job}`;
    const far = (await isLink(path)) || all;
    any ||= far;
    if (!far || !(await isDirectory(join(root, path)))) continue;
    const names = await readdir(join(root, path));
    if (!names.includes("manifest.json")) linked.set(path, names);
  }
  return { broken, linked, places: any ? await placesOf(root) : new Map() };
}

async function placesOf(root: string): Promise<ReadonlyMap<string, string>> {
  const places = new Map<string, string>();
  const names = (await isDirectory(join(root, "jobs"))) ? await readdir(join(root, "jobs")) : [];
  for (const name of names) {
    const path = join(root, "jobs", name);
    if (await isDirectory(path)) places.set(`jobs/${name}`, await realpath(path));
  }
  return places;
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function mountsIn(
  root: string,
  jobs: readonly string[],
  directories: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const points = await mountPoints();
  const mounts = new Map<string, readonly string[]>();
  for (const job of jobs) {
    const place = await realpath(join(root, "jobs", job)).catch(() => undefined);
    for (const point of points.filter((point) => place !== undefined && point.startsWith(`${place}/`))) {
      const path = `jobs/${job}${point.slice(place?.length)}`;
      mounts.set(path, directories.has(path) ? await below(root, path) : []);
    }
  }
  return mounts;
}

/** All mount points on this machine; empty if the kernel does not list them. */
async function mountPoints(): Promise<string[]> {
  const text = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    const [, , , , point] = line.split(" ");
    return point === undefined ? [] : [mountPoint(point)];
  });
}

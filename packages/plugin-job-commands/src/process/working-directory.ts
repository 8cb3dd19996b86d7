import { linkSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Allocation, KvReader, ScopedJobContext } from "@maand/core";
import { NAMESPACE } from "@maand/core/internal";
import type { Extent, SharedFiles } from "../shared-files.ts";
import { ownPackages } from "./installed.ts";
import { MODULES } from "./scripts.ts";

/** The working directory of one process: links to the job's files, and the allocation's certificates. */
export interface WorkingDirectory {
  /** Its `_modules/`, in which the process runs. */
  readonly modules: string;
  /** Deletes it. */
  clear(): Promise<void>;
}

/** The options of a working directory. */
export interface WorkingDirectoryOptions {
  readonly context: Pick<ScopedJobContext, "job" | "pieces" | "bucket">;
  readonly allocation: Pick<Allocation, "host">;
  readonly kv: KvReader;
  readonly extent: Extent;
}

/** The prefix of the keys that contain certificates. */
const CERTS = "certs/";

/**
 * Creates a working directory. Files of `_modules/` are hard links and directories are symbolic links, so that the cost
 * does not depend on the size of the job. Scripts must not be symbolic links, because Python and Node would look for
 * imports at the link's target.
 */
export function createWorkingDirectory(files: SharedFiles, options: WorkingDirectoryOptions): WorkingDirectory {
  const { context, extent } = options;
  const shared = files.of(context, extent);
  const directory = files.take(context.job);
  const modules = join(directory, MODULES);
  mkdirSync(modules, { recursive: true, mode: 0o700 });
  linkAll(shared, directory, [MODULES]);
  linkAll(join(shared, MODULES), modules, ["certs"]);
  linkInstalled(context, modules);
  writeCertificates(files, options, modules);
  return { modules, clear: () => files.giveBack(context.job, directory) };
}

function linkAll(from: string, to: string, but: readonly string[]): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (but.includes(entry.name)) continue;
    if (entry.isDirectory()) symlinkSync(join(from, entry.name), join(to, entry.name));
    else linkSync(join(from, entry.name), join(to, entry.name));
  }
}

/** Packages installed next to the scripts are not files of the job; they are used in place. */
function linkInstalled({ bucket, job }: WorkingDirectoryOptions["context"], modules: string): void {
  const installed = ownPackages({ root: bucket.root, job });
  if (installed !== undefined) symlinkSync(installed, join(modules, "node_modules"));
}

/**
 * Writes the certificates of an allocation. Jobs without certificates, which are the majority, share a directory with
 * the certificate of the CA.
 */
function writeCertificates(
  files: SharedFiles,
  { context, allocation, kv }: WorkingDirectoryOptions,
  modules: string,
): void {
  const own = NAMESPACE.allocation(context.job.name, allocation.host);
  const place = join(modules, CERTS);
  const authority = kv.find(NAMESPACE.workers, `${CERTS}ca.crt`);
  const keys = kv.keys(own).filter((key) => /^certs\/[a-z0-9][a-z0-9_.-]*$/.test(key));
  if (keys.length === 0) {
    symlinkSync(files.certs(authority), join(modules, "certs"));
    return;
  }
  mkdirSync(place, { mode: 0o700 });
  const write = (name: string, content: string) => writeFileSync(join(place, name), content, { mode: 0o600 });
  for (const key of keys) write(key.slice(CERTS.length), kv.get(own, key));
  if (authority !== undefined) write("ca.crt", authority);
}

import { cpSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { openBucket } from "@maand/core/internal";

/** The directory of a realistic workspace: eleven jobs of a shop on five local workers. */
const WORKSPACE = fileURLToPath(new URL("workspace", import.meta.url));

/** Copies the workspace into a bucket. */
export function copyWorkspace(bucket: string): void {
  cpSync(WORKSPACE, join(bucket, "workspace"), { recursive: true, force: true });
}

/** The sorted paths of its files, relative to `workspace`. */
export function workspaceFiles(): string[] {
  return readdirSync(WORKSPACE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(WORKSPACE, join(entry.parentPath, entry.name)))
    .sort();
}

/** Copies one file of the workspace into a bucket. */
export function copyFile(path: string, bucket: string): void {
  cpSync(join(WORKSPACE, path), join(bucket, "workspace", path));
}

/** The secrets that its templates read, by job. The password of operator is "fish". */
export const SECRETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  postgres: { replication_password: "s3cret replication" },
  redis: { password: "s3cret-redis" },
  web: { operator_hash: "$apr1$tYwQYkfB$NcvOWuvP/ZSdJhmIX9Hsr0" },
  controller: { token: "t0ken" },
};

/** Writes the secrets to a bucket's store, as commands of the jobs would. */
export async function putSecrets(bucket: string): Promise<void> {
  const signal = new AbortController().signal;
  const defaults = () => [];
  const maand = await openBucket({
    from: bucket,
    now: () => new Date(),
    signal,
    pid: process.pid,
    defaults,
    modules: {},
  });
  try {
    for (const [job, secrets] of Object.entries(SECRETS)) {
      for (const [key, value] of Object.entries(secrets)) maand.kv.put(`secrets/job/${job}`, key, value);
    }
  } finally {
    maand.close();
  }
}

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BucketPaths } from "../../config/find-bucket.ts";
import { withFileLock } from "../../store/lock/with-file-lock.ts";
import type { Store } from "../../store/store.ts";
import { replaceFile } from "../../workspace/write-files.ts";
import { mergedLines } from "./merged-lines.ts";

/**
 * Files of the bucket that are shared through its store, each with the lock that guards it. A host key that one machine
 * has pinned is therefore checked on every machine.
 */
const SHARED = [{ name: "secrets/known_hosts", lock: "known_hosts.lock" }] as const;

/** The owner of the rows in the store that contain these files. */
const OWNER = "maand";

/**
 * Synchronizes the shared files with the store in both directions: changes that either side made since the last
 * synchronization are merged. Does nothing for a bucket whose store is not shared.
 */
export async function syncSharedFiles({ root, data }: BucketPaths, store: Store): Promise<void> {
  if (!store.workingCopy) return;
  for (const { name, lock } of SHARED) {
    const file = join(root, name);
    const base = join(data, `${lock}.base`);
    const stored = store.pluginState.read(OWNER, name) ?? "";
    // usually, there is nothing to do
    if (textOf(file) === stored && textOf(base) === stored) continue;
    await withFileLock(join(data, lock), async () => {
      const [here, before] = [textOf(file), textOf(base)];
      const merged = store.transaction(() => {
        const there = store.pluginState.read(OWNER, name) ?? "";
        const text = mergedLines({ before, here, there });
        if (text !== there) store.pluginState.write(OWNER, new Map([[name, text]]));
        return text;
      });
      if (merged !== here) write(file, merged);
      write(base, merged);
    });
  }
}

function write(file: string, text: string): void {
  if (existsSync(file)) replaceFile(file, text);
  else writeFileSync(file, text, { mode: 0o600, flag: "wx" });
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

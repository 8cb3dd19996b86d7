import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BucketPaths } from "../../config/find-bucket.ts";
import { storePlace } from "../../config/store/store-place.ts";
import { isRunId } from "../../domain/workspace/names.ts";
import { withFileLock } from "../../store/lock/with-file-lock.ts";
import { bucketOfCopy } from "../../store/team/move.ts";
import type { RecordPart } from "../../store/team/run-record-rows.ts";
import { authorityOf } from "../../store/team/shared-store.ts";
import type { RecordLine } from "./send-run-records.ts";

/**
 * The name of the file that contains the number of the last part. Only the records of runs on other machines have this
 * file.
 */
const LAST_PART = ".part";
/** Valid file names in a record. They cannot lead outside the directory of the record. */
const FILE_NAME = /^[A-Za-z0-9_-][A-Za-z0-9.:_-]*$/;

/** Copies the records of runs on other machines into logs/. */
export interface RunRecords {
  pull(): Promise<void>;
  close(): void;
}

/** Undefined for a bucket whose store is not shared. */
export function runRecords(paths: BucketPaths): RunRecords | undefined {
  const shared = storePlace(paths);
  if (!shared) return undefined;
  const authority = authorityOf(shared, bucketOfCopy(paths.store, shared.url));
  const cursor = join(paths.data, "run-records.at");
  const pull = () => {
    for (let since = textOf(cursor) || "-infinity"; ; ) {
      const { parts, next } = authority.records.since(since);
      for (const part of parts) write(paths.logs, part);
      if (next === undefined || next === since) return;
      since = next;
      writeFileSync(cursor, since, { mode: 0o600 });
    }
  };
  return {
    pull: () => withFileLock(join(paths.data, "run-records.lock"), async () => pull()),
    close: () => authority.close(),
  };
}

/**
 * Writes a part of a record. Parts can arrive repeatedly and in any order. Each part is written once, and a part that
 * arrives before its predecessor is skipped, and is written when it arrives again. Runs of this machine are skipped,
 * because they have their own files.
 */
function write(logs: string, { run, seq, lines }: RecordPart): void {
  if (!isRunId(run)) return;
  const directory = join(logs, "runs", run);
  const marker = join(directory, LAST_PART);
  if (existsSync(directory) && !existsSync(marker)) return;
  const last = Number(textOf(marker) || -1);
  if (seq !== last + 1) return;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const parsed: readonly RecordLine[] = JSON.parse(lines);
  const texts = new Map<string, string>();
  for (const [file, line] of parsed) if (FILE_NAME.test(file)) texts.set(file, `${texts.get(file) ?? ""}${line}\n`);
  for (const [file, text] of texts) {
    appendFileSync(join(directory, file), text, { mode: 0o600 });
    if (file.endsWith(".log")) appendFileSync(join(logs, file), text, { mode: 0o600 });
  }
  writeFileSync(marker, String(seq), { mode: 0o600 });
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

import { randomUUID } from "node:crypto";
import { closeSync, fchmodSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { MaandError } from "@maand/core";

/** Any user can read metrics, because node_exporter must. */
const MODE = 0o644;

/**
 * Replaces a file of metrics in one step. node_exporter does not read the draft next to it, because its name does not
 * end with `.prom`. Throws SYSTEM.
 */
export function writeMetrics(from: string, file: string, text: string): void {
  const target = resolve(from, file);
  const draft = `${target}.${randomUUID()}`;
  try {
    const opened = openSync(draft, "wx", 0o600);
    try {
      fchmodSync(opened, MODE);
      writeFileSync(opened, text);
      fsyncSync(opened);
    } finally {
      closeSync(opened);
    }
    renameSync(draft, target);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new MaandError({
      code: "SYSTEM",
      message: `the metrics cannot be written to ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "check that its directory exists and that this user may write to it",
      cause,
    });
  }
}

// The command line of the release scripts.
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { REPOSITORY } from "./closure.mjs";

/**
 * `--out <directory>`: the directory of the file (default: release/). `--level <1 to 9>`: the compression level
 * (default: 9). `--bundle <file>`: an existing bundle to take the contents from.
 */
export function releaseOptions() {
  const { values } = parseArgs({
    options: { out: { type: "string" }, level: { type: "string", default: "9" }, bundle: { type: "string" } },
  });
  if (!/^[1-9]$/.test(values.level)) throw new Error("--level must be a number from 1 to 9");
  const out = resolve(values.out ?? `${REPOSITORY}/release`);
  mkdirSync(out, { recursive: true });
  return { out, level: values.level, bundle: values.bundle };
}

import { existsSync } from "node:fs";
import { join } from "node:path";
import { error, type Report, warning } from "../domain/checks/problem.ts";
import { isRecord } from "../domain/checks/validate.ts";
import type { KvEntries } from "../domain/kv/entries.ts";
import type { Override } from "../domain/manifest/resources.ts";
import { didYouMean } from "../domain/workspace/names.ts";
import type { PortRange } from "../domain/workspace/ports.ts";
import { readToml, textsOf } from "./toml.ts";

const BUCKET_CONF = "workspace/bucket.conf";
const CODE = "invalid_bucket_conf";

/** Reads `bucket.conf`: the variables of the bucket, and the range of assigned ports. */
export function readBucketConf(
  directory: string,
  report: Report,
): { readonly variables: KvEntries; readonly portRange: PortRange } {
  const place = { file: BUCKET_CONF, code: CODE };
  const variables = textsOf(readToml(join(directory, "bucket.conf"), place, report), place, report);
  return { variables, portRange: portRange(variables, report) };
}

/** The contents of `bucket.jobs.conf`, or of the selected `bucket.jobs.<selector>.conf`. */
export interface ReadOverrides {
  /** Its reservations, by job. */
  readonly overrides: Readonly<Record<string, Override>>;
  /** All keys, by job. */
  readonly tables: ReadonlyMap<string, KvEntries>;
}

/** Reads the file with overrides for jobs. */
export function readOverrides(
  directory: string,
  selector: string,
  jobs: readonly string[],
  report: Report,
): ReadOverrides {
  const name = selector === "" ? "bucket.jobs.conf" : `bucket.jobs.${selector}.conf`;
  const file = `workspace/${name}`;
  if (selector !== "" && !existsSync(join(directory, name))) {
    report(
      warning(
        "missing_overrides",
        file,
        "the file is missing, so every job keeps the values of its manifest",
        "create it, or remove job_config_selector from maand.conf",
      ),
    );
  }
  const overrides: Record<string, Override> = {};
  const tables = new Map<string, KvEntries>();
  for (const [job, table] of Object.entries(readToml(join(directory, name), { file, code: CODE }, report))) {
    if (!jobs.includes(job))
      report(
        warning(
          "unknown_name",
          `${file}: ${job}`,
          `there is no job "${job}"`,
          didYouMean(job, jobs) ?? "this table has no effect",
        ),
      );
    else if (!isTable(table))
      report(error(CODE, `${file}: ${job}`, "must be a table", `write [${job}], and its keys on the lines after it`));
    else {
      const texts = textsOf(table, { file, code: CODE, key: job }, report);
      overrides[job] = override(file, job, texts, report);
      tables.set(job, texts);
    }
  }
  return { overrides, tables };
}

function override(file: string, job: string, texts: KvEntries, report: Report): Override {
  for (const key of texts.keys()) {
    const lower = key.toLowerCase();
    if (key === lower || (lower !== "memory" && lower !== "cpu")) continue;
    report(
      warning("unknown_key", `${file}: ${job}.${key}`, `"${key}" does not set a reserved value`, `write ${lower}`),
    );
  }
  const [memory, cpu] = [texts.get("memory"), texts.get("cpu")];
  return { file, ...(memory === undefined ? {} : { memory }), ...(cpu === undefined ? {} : { cpu }) };
}

function portRange(variables: KvEntries, report: Report): PortRange {
  const [lowest, highest] = [variables.get("port_min"), variables.get("port_max")];
  const min = portBound(lowest, 30_000);
  const max = portBound(highest, 39_999);
  if (min !== undefined && max !== undefined && min <= max) return { min, max };
  const range = `${lowest ?? 30_000} to ${highest ?? 39_999}`;
  report(
    error(
      "invalid_port_range",
      `${BUCKET_CONF}: port_min, port_max`,
      `${range} is not a range of ports`,
      "both are whole numbers between 1 and 65535, the smaller one first",
    ),
  );
  return { min: 30_000, max: 39_999 };
}

function portBound(written: string | undefined, otherwise: number): number | undefined {
  const text = (written ?? "").trim();
  if (text === "") return otherwise;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && !(value instanceof Date);
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "smol-toml";
import { didYouMean } from "../domain/names.ts";
import type { PortRange } from "../domain/ports.ts";
import { error, type Report, warning } from "../domain/problem.ts";
import type { Override } from "../domain/resources.ts";

const BUCKET_CONF = "workspace/bucket.conf";

/** `bucket.conf`: variables of the whole bucket, and the range ports are assigned from (build.md 4.2). */
export function readBucketConf(
  directory: string,
  report: Report,
): { readonly variables: Readonly<Record<string, string>>; readonly portRange: PortRange } {
  const table = readToml(join(directory, "bucket.conf"), BUCKET_CONF, report);
  const variables = stringsOf(table, BUCKET_CONF, "", report);
  return { variables, portRange: portRange(variables, report) };
}

/** The override tables of `bucket.jobs.conf`, or of the selected `bucket.jobs.<selector>.conf` (build.md 4.3). */
export function readOverrides(
  directory: string,
  selector: string,
  jobs: readonly string[],
  report: Report,
): Record<string, Override> {
  const name = selector === "" ? "bucket.jobs.conf" : `bucket.jobs.${selector}.conf`;
  const file = `workspace/${name}`;
  if (selector !== "" && !existsSync(join(directory, name))) {
    report(
      warning(
        "missing_overrides",
        file,
        "the file is missing, so every job keeps what its manifest says",
        "write it, or take job_config_selector out of maand.conf",
      ),
    );
  }
  const overrides: Record<string, Override> = {};
  for (const [job, table] of Object.entries(readToml(join(directory, name), file, report))) {
    if (!jobs.includes(job))
      report(
        warning(
          "unknown_name",
          `${file}: ${job}`,
          `there is no job "${job}"`,
          didYouMean(job, jobs) ?? "it changes nothing",
        ),
      );
    else if (!isTable(table))
      report(error("invalid_bucket_conf", `${file}: ${job}`, "must be a table", `write [${job}] and its keys below`));
    else overrides[job] = override(file, job, stringsOf(table, file, `${job}.`, report), report);
  }
  return overrides;
}

function override(file: string, job: string, strings: Readonly<Record<string, string>>, report: Report): Override {
  for (const key of Object.keys(strings)) {
    const lower = key.toLowerCase();
    if (key === lower || (lower !== "memory" && lower !== "cpu")) continue;
    report(
      warning("unknown_key", `${file}: ${job}.${key}`, `"${key}" does not set what is reserved`, `write ${lower}`),
    );
  }
  const { memory, cpu } = strings;
  return { file, ...(memory === undefined ? {} : { memory }), ...(cpu === undefined ? {} : { cpu }) };
}

function portRange(variables: Readonly<Record<string, string>>, report: Report): PortRange {
  const min = portBound(variables.port_min, 30_000);
  const max = portBound(variables.port_max, 39_999);
  if (min !== undefined && max !== undefined && min <= max) return { min, max };
  const range = `${variables.port_min ?? 30_000} to ${variables.port_max ?? 39_999}`;
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

function stringsOf(
  table: Readonly<Record<string, unknown>>,
  file: string,
  prefix: string,
  report: Report,
): Record<string, string> {
  const strings: Record<string, string> = {};
  for (const [key, value] of Object.entries(table)) {
    if (typeof value === "string") strings[key] = value;
    else
      report(
        error("invalid_bucket_conf", `${file}: ${prefix}${key}`, "must be a text", `write ${key} = "${String(value)}"`),
      );
  }
  return strings;
}

/** A TOML file as a table; empty when there is none, or after a problem. */
export function readToml(at: string, file: string, report: Report): Record<string, unknown> {
  if (!existsSync(at)) return {};
  try {
    return parse(readFileSync(at, "utf8"));
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const line = cause instanceof Error && "line" in cause ? `:${String(cause.line)}` : "";
    report(error("invalid_bucket_conf", `${file}${line}`, firstLine(message), 'it is TOML: key = "value"'));
    return {};
  }
}

function firstLine(message: string): string {
  return message.split("\n")[0] ?? message;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

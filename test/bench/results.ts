import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Table } from "./suite.ts";
import { type Measured, median, ratioOf } from "./table.ts";

/** All measurements of one run of benchmarks, and the machine. */
export interface Results {
  readonly at: string;
  readonly maand: string;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly ResultRow[];
}

/** One row of a table: medians, and the values of all runs. */
export interface ResultRow {
  readonly table: string;
  readonly name: string;
  readonly ms: number;
  readonly cpuMs?: number;
  readonly mb?: number;
  /** Its cost as a multiple of its baseline. */
  readonly ratio?: number;
  readonly goal?: number;
  /** The number of operations that the row measures; set if its ratio is the ratio of one operation. */
  readonly count?: number;
  readonly note?: string;
  readonly runs: readonly number[];
}

/** The results of some tables, on this machine. */
export function resultsOf(tables: readonly Table[], at: Date): Results {
  const manifest = fileURLToPath(new URL("../../packages/cli/package.json", import.meta.url));
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, "utf8"));
  return {
    at: at.toISOString(),
    maand: version,
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: availableParallelism(),
      memoryMb: Math.round(totalmem() / 1024 / 1024),
      kernel: release(),
      ...nodeVariables(),
      ...(isFastCompile() && { sqlite: "compiled with -O1" }),
    },
    versions: programVersions(),
    rows: tables.flatMap(({ title, rows }) => rows.map((row) => resultRow(title, row, rows))),
  };
}

/** Environment variables that make each start of Node slower, and therefore also maand and baselines that run Node. */
export function nodeVariables(): Readonly<Record<string, string>> {
  const names = ["NODE_EXTRA_CA_CERTS", "NODE_OPTIONS"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Whether `npm test` compiled SQLite, with less optimization than an installation (scripts/setup.sh). */
export function isFastCompile(): boolean {
  return existsSync(new URL("../../node_modules/better-sqlite3/build/fast-compile", import.meta.url));
}

function resultRow(table: string, row: Measured, rows: readonly Measured[]): ResultRow {
  const ratio = ratioOf(row, rows);
  return {
    table,
    name: row.name,
    ms: median(row.ms),
    ...(row.cpuMs && { cpuMs: median(row.cpuMs) }),
    ...(row.mb && { mb: Math.max(...row.mb) }),
    ...(ratio !== undefined && { ratio }),
    ...(row.goal !== undefined && { goal: row.goal }),
    ...(row.count !== undefined && { count: row.count }),
    ...(row.note !== undefined && row.note !== "" && { note: row.note }),
    runs: row.ms,
  };
}

let versions: Readonly<Record<string, string>> | undefined;

/** The versions of all compared programs, determined once because Ansible takes a second to print its version. */
function programVersions(): Readonly<Record<string, string>> {
  versions ??= {
    node: process.version,
    openssl: process.versions.openssl,
    ...installed("ssh", ["-V"]),
    ...installed("rsync", ["--version"]),
    ...installed("make", ["--version"]),
    ...installed("ansible", ["--version"]),
    ...installed("parallel-ssh", ["--version"]),
    ...installed("clush", ["--version"]),
  };
  return versions;
}

/** The first line of a program's version output; nothing if the program is not installed. */
function installed(name: string, args: readonly string[]): Readonly<Record<string, string>> {
  try {
    const text = execFileSync("sh", ["-c", 'exec "$0" "$@" 2>&1', name, ...args], { encoding: "utf8" });
    return { [name]: text.split("\n")[0] ?? "" };
  } catch {
    return {};
  }
}

/** The result of a comparison: its lines, and how many rows became slower than allowed. */
export interface Comparison {
  readonly lines: readonly string[];
  readonly worse: number;
}

/**
 * Compares results with earlier ones, row by row. A row with a baseline is compared by its ratio to the baseline,
 * because a faster machine has the same ratio. Other rows are only shown. `threshold` is the share by which a row may
 * be worse.
 */
export function compare(before: Results, now: Results, threshold: number): Comparison {
  const known = new Map(before.rows.map((row) => [`${row.table}\n${row.name}`, row]));
  let worse = 0;
  const lines = now.rows.map((row) => {
    const was = known.get(`${row.table}\n${row.name}`);
    if (!was) return `new      ${labelOf(row)}`;
    const [from, to] = [was.ratio ?? was.ms, row.ratio ?? row.ms];
    const unit = row.ratio === undefined ? " ms" : " x baseline";
    const change = to / from - 1;
    const isWorse = row.ratio !== undefined && change > threshold;
    if (isWorse) worse += 1;
    const sign = `${change >= 0 ? "+" : ""}${(change * 100).toFixed(0)}%`;
    return `${isWorse ? "slower " : "       "} ${sign.padStart(6)}  ${shown(from)} -> ${shown(to)}${unit}  ${labelOf(row)}`;
  });
  const measured = new Set(now.rows.map(({ table }) => table));
  const names = new Set(now.rows.map((row) => `${row.table}\n${row.name}`));
  const gone = before.rows.filter(({ table, name }) => measured.has(table) && !names.has(`${table}\n${name}`));
  return { lines: [...lines, ...gone.map((row) => `missing  ${labelOf(row)}`)], worse };
}

function labelOf({ table, name }: ResultRow): string {
  return `${table}: ${name}`;
}

function shown(value: number): string {
  return value.toFixed(value < 100 ? 2 : 0);
}

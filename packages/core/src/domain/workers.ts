import * as v from "valibot";
import { isHost, isName, nameRule } from "./names.ts";
import { error, type Report } from "./problem.ts";
import { parseCpu, parseMemory } from "./units.ts";
import type { WorkerSpec } from "./worker.ts";
import { readWritten, warnUnknownKeys } from "./written.ts";

const amount = (parse: (text: string) => number | undefined, example: string) =>
  v.optional(
    v.pipe(
      v.string(),
      v.check(
        (text) => parse(text) !== undefined,
        (issue) => `"${issue.input}" is not an amount; write it as "${example}"`,
      ),
    ),
  );

const entry = v.looseObject({
  host: v.pipe(
    v.string(),
    v.trim(),
    v.check(isHost, (issue) => `"${issue.input}" is not an IPv4 or IPv6 address or a DNS name`),
    v.description("Address of the worker: IPv4, IPv6 or a DNS name."),
  ),
  hostname: v.optional(v.pipe(v.string(), v.trim(), v.description("A name for people and templates."))),
  labels: v.optional(
    v.pipe(
      v.array(v.string()),
      v.description("What selectors of jobs are matched with; worker is always one of them."),
    ),
  ),
  memory: amount(parseMemory, "4 gb"),
  cpu: amount(parseCpu, "2 ghz"),
  tags: v.optional(
    v.pipe(v.record(v.string(), v.string()), v.description("Facts about the worker, such as its zone.")),
  ),
  position: v.optional(
    v.pipe(
      v.number(),
      v.integer("must be a whole number"),
      v.description("Order among the workers; default: its place in this file."),
    ),
  ),
  transport: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[a-z][a-z0-9_-]*$/, "must be one lower-case word"),
      v.description("How it is reached: ssh, local, or a plugin's word."),
    ),
  ),
  port: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1, "a port is between 1 and 65535"),
      v.maxValue(65535, "a port is between 1 and 65535"),
      v.description("ssh port."),
    ),
  ),
  user: v.optional(
    v.pipe(v.string(), v.regex(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]*\$?$/, "is not a user name"), v.description("ssh user.")),
  ),
  identity: v.optional(
    v.pipe(v.string(), v.minLength(1, "must not be empty"), v.description("Key file, in secrets/ or absolute.")),
  ),
});

/** `workers.json` as a person may write it (build.md 4.5, decisions 30 and 31). */
export const WorkersSchema = v.array(entry);

/** Where workers are written, as problems name it. */
export const WORKERS_FILE = "workspace/workers.json";

/** Resolves the workers of `workers.json`, in the order of the file; reports everything that is wrong. */
export function resolveWorkers(value: unknown, report: Report): WorkerSpec[] {
  const written = readWritten(WorkersSchema, value, { file: WORKERS_FILE, code: "invalid_workers" }, report) ?? [];
  const first = new Map<string, number>();
  written.forEach((worker, at) => {
    const before = first.get(worker.host.toLowerCase());
    if (before === undefined) first.set(worker.host.toLowerCase(), at);
    else
      report(
        error(
          "duplicate_host",
          `${WORKERS_FILE}: [${at}].host`,
          `${worker.host} is already worker [${before}]`,
          "give each worker once",
        ),
      );
    warnUnknownKeys(worker, Object.keys(entry.entries), WORKERS_FILE, `[${at}]`, report);
  });
  return written.map((worker, at) => resolveWorker(worker, at, report));
}

function resolveWorker(written: v.InferOutput<typeof entry>, at: number, report: Report): WorkerSpec {
  const { hostname, transport, port, user, identity } = written;
  return {
    host: written.host,
    labels: labelsOf(written.labels ?? [], at, report),
    tags: Object.fromEntries(
      Object.entries(written.tags ?? {}).map(([key, value]) => [key.trim().toLowerCase(), value.trim()]),
    ),
    memoryMb: parseMemory(written.memory ?? "") ?? 0,
    cpuMhz: parseCpu(written.cpu ?? "") ?? 0,
    position: written.position ?? at,
    ...(hostname ? { hostname } : {}),
    ...(transport === undefined ? {} : { transport }),
    ...(port === undefined ? {} : { port }),
    ...(user === undefined ? {} : { user }),
    ...(identity === undefined ? {} : { identity }),
  };
}

function labelsOf(written: readonly string[], at: number, report: Report): string[] {
  const labels = new Set(["worker", ...written.map((label) => label.trim().toLowerCase())]);
  for (const label of labels) {
    if (isName("label", label)) continue;
    report(
      error(
        "invalid_workers",
        `${WORKERS_FILE}: [${at}].labels`,
        `"${label}" is not a label`,
        `use ${nameRule("label")}`,
      ),
    );
  }
  return [...labels].sort();
}

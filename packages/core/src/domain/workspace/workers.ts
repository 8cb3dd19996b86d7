import * as v from "valibot";
import { isKeyFile, KEY_FILE_HINT, KEY_FILE_PATTERN } from "../checks/key-file.ts";
import { error, type Report } from "../checks/problem.ts";
import { described, looksLike, PRINTABLE, trimmed } from "../checks/schema-notes.ts";
import { isRecord, onlyObject, readWritten, salvage, shown, warnUnknownKeys, withHint } from "../checks/validate.ts";
import { canonicalHost } from "./host-address.ts";
import { HOST_PATTERN, isHost, isName, nameRule, WRITTEN_LABEL } from "./names.ts";
import { CPU_PATTERN, MEMORY_PATTERN, parseCpu, parseMemory } from "./resource-units.ts";
import type { WorkerSpec } from "./worker.ts";

const amount = (parse: (text: string) => number | undefined, pattern: string, example: string) =>
  v.pipe(
    v.string(),
    v.check(
      (text) => parse(text) !== undefined,
      ({ input }) => withHint(`${shown(input)} is not an amount`, `write it as "${example}"`),
    ),
    looksLike(pattern, `write it as "${example}"`),
    v.examples([example]),
  );

const HOST_HINT = 'write it as "10.0.0.1", "2001:db8::1" or "db-1.example.org"';
const TRANSPORT_HINT = "write ssh, local, or the lower-case name of a plugin's transport";
const USER_HINT = "use letters, digits, - . and _";

/** The largest position. It is greater than any order needs, so a larger number must be a typo. */
const MOST = 1_000_000_000;

const ONE_LINE_HINT = "write it as plain text on one line";

/** A single-line string, because tables display it. */
const oneLine = v.pipe(
  v.string(),
  v.trim(),
  v.check(
    (text) => !/\p{Cc}/u.test(text),
    ({ input }) => withHint(`${shown(input)} contains a control character`, ONE_LINE_HINT),
  ),
  looksLike(trimmed(`${PRINTABLE}*`), ONE_LINE_HINT),
);

const entry = v.looseObject(
  {
    host: v.pipe(
      v.string(),
      v.trim(),
      v.check(isHost, ({ input }) =>
        withHint(`${shown(input)} is not an IPv4 or IPv6 address or a DNS name`, HOST_HINT),
      ),
      looksLike(HOST_PATTERN, HOST_HINT),
      v.metadata({ description: "Address of the worker: IPv4, IPv6 or a DNS name; unique.", examples: ["10.0.0.1"] }),
    ),
    hostname: described(oneLine, "A display name, also available in templates."),
    labels: described(
      v.array(v.pipe(v.string(), looksLike(WRITTEN_LABEL, `use ${nameRule("label")}`))),
      "Labels that job selectors match; worker is always one of them.",
      { examples: [["web"]] },
    ),
    memory: described(
      amount(parseMemory, MEMORY_PATTERN, "4 gb"),
      "The capacity of the worker; required if a job on it reserves any.",
    ),
    cpu: described(
      amount(parseCpu, CPU_PATTERN, "2 ghz"),
      "The capacity of the worker; required if a job on it reserves any.",
    ),
    tags: described(
      onlyObject(v.record(v.string(), oneLine), 'write { "zone": "eu-1" }'),
      "Facts about the worker, such as its zone.",
      { examples: [{ zone: "eu-1" }] },
    ),
    position: described(
      v.pipe(v.number(), v.integer(), v.minValue(-MOST), v.maxValue(MOST)),
      "Position among the workers; default: the index in this file.",
    ),
    transport: described(
      v.pipe(
        v.string(),
        v.regex(/^[a-z][a-z0-9_-]*$/, ({ input }) => withHint(`${shown(input)} is not a transport`, TRANSPORT_HINT)),
        v.metadata({ patternErrorMessage: TRANSPORT_HINT }),
      ),
      "Transport of the worker: ssh, local, or a plugin's transport; default: transport of the bucket.",
      { examples: ["ssh", "local"] },
    ),
    port: described(
      v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535)),
      "ssh port; default: ssh_port of the bucket.",
    ),
    user: described(
      v.pipe(
        v.string(),
        v.regex(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]*\$?$/, ({ input }) =>
          withHint(`${shown(input)} is not a user name`, USER_HINT),
        ),
        v.metadata({ patternErrorMessage: USER_HINT }),
      ),
      "ssh user; default: ssh_user of the bucket.",
    ),
    identity: described(
      v.pipe(
        oneLine,
        v.check((path) => path !== "", withHint("must not be empty", "name a key file, or remove the key")),
        v.check(isKeyFile, ({ input }) => withHint(`${shown(input)} is not under secrets/`, KEY_FILE_HINT)),
        looksLike(KEY_FILE_PATTERN, KEY_FILE_HINT),
      ),
      "Key file, under secrets/ or absolute; default: ssh_key of the bucket.",
    ),
  },
  withHint("is missing", 'write "host": "10.0.0.1"'),
);

const worker = onlyObject(entry, 'write { "host": "10.0.0.1" }');

/** The schema of `workers.json`. */
export const WorkersSchema = v.pipe(
  v.array(worker, ({ input }) =>
    withHint(
      `must be a list of workers, but is ${shown(input)}`,
      'write [{ "host": "10.0.0.1" }], or [] for no workers',
    ),
  ),
  v.metadata({ title: "workers.json", description: "The machines that run jobs; [] means none." }),
);

/** The path of the workers file, as named in problems. */
export const WORKERS_FILE = "workspace/workers.json";

/**
 * Resolves the workers of `workers.json`, in file order. Reports all problems, and omits unreadable entries. If the
 * file is undefined, this adds no problem, because the caller that failed to read the file has already reported it.
 */
export function resolveWorkers(value: unknown, report: Report): WorkerSpec[] {
  if (value === undefined) return [];
  const list = Array.isArray(value) ? value : readWritten(WorkersSchema, value, PLACE, report);
  const first = new Map<string, Entry>();
  return (list ?? []).flatMap((item: unknown, at) => {
    const written = readWritten(worker, item, { ...PLACE, key: `[${at}]` }, report);
    if (isRecord(item)) warnUnknownKeys(item, Object.keys(entry.entries), WORKERS_FILE, `[${at}]`, report);
    // The valid parts of a refused entry are checked in the same pass, although the entry is omitted.
    const understood = written ?? salvage(worker, item);
    if (!understood) return [];
    reportTwice(understood.host, at, first, report);
    const resolved = resolveWorker(understood, at, report);
    return written ? [resolved] : [];
  });
}

const PLACE = { file: WORKERS_FILE, code: "invalid_workers" };

interface Entry {
  readonly host: string;
  readonly at: number;
}

function reportTwice(host: string, at: number, first: Map<string, Entry>, report: Report): void {
  const before = first.get(canonicalHost(host));
  if (before === undefined) first.set(canonicalHost(host), { host, at });
  else
    report(
      error(
        "duplicate_host",
        `${WORKERS_FILE}: [${at}].host`,
        `${host} is already worker [${before.at}]${before.host === host ? "" : `, written as ${before.host}`}`,
        "list each worker once",
      ),
    );
}

function resolveWorker(written: v.InferOutput<typeof entry>, at: number, report: Report): WorkerSpec {
  const { hostname, transport, port, user, identity } = written;
  return {
    host: canonicalHost(written.host),
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

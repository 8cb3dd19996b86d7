import { jsonSchema } from "@maand/plugin-operations/tools";
import { Ajv } from "ajv";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaults } from "../../packages/cli/src/defaults.ts";
import { isKeyFile, KEY_FILE_PATTERN } from "../../packages/core/src/domain/checks/key-file.ts";
import type { Problem, Report } from "../../packages/core/src/domain/checks/problem.ts";
import { GLOB_PATTERN, isGlob } from "../../packages/core/src/domain/deploy/glob.ts";
import { parseVersion, VERSION_PATTERN } from "../../packages/core/src/domain/deploy/version.ts";
import { resolveManifest } from "../../packages/core/src/domain/manifest/manifest.ts";
import { resolveSettings } from "../../packages/core/src/domain/settings/resolve-settings.ts";
import { resolveDisabled } from "../../packages/core/src/domain/workspace/disabled.ts";
import { HOST_PATTERN, isHost } from "../../packages/core/src/domain/workspace/names.ts";
import {
  CPU_PATTERN,
  MEMORY_PATTERN,
  parseCpu,
  parseMemory,
} from "../../packages/core/src/domain/workspace/resource-units.ts";
import { resolveWorkers } from "../../packages/core/src/domain/workspace/workers.ts";
import type { SchemaName } from "../../packages/core/src/workspace/schema-places.ts";

fc.configureGlobal({ seed: 1 });

/**
 * A file of the workspace. Its schema must accept a value exactly if the build reports no problem and no warning.
 * Exceptions are rules that JSON Schema cannot express, and rules where an editor is stricter on purpose.
 */
interface File {
  readonly name: SchemaName;
  readonly seeds: readonly unknown[];
  readonly build: (value: unknown, report: Report) => unknown;
  /** Messages of the build that a schema cannot express, because they depend on more than the shape of one value. */
  readonly onlyBuild: readonly RegExp[];
  /** Whether an editor reports a value that the build accepts without a message. */
  readonly onlyEditor: (value: unknown) => boolean;
}

/** The keys of `maand.conf` that the stock plugins own. */
const declared = defaults().flatMap(({ settings }) => settings ?? []);

const FILES: readonly File[] = [
  {
    name: "manifest",
    seeds: [
      {
        $schema: "../../.schemas/manifest.json",
        version: "1.2.0-rc.1",
        selectors: ["worker", " Web "],
        max_concurrent_upgrades: "25%",
        max_concurrent_starts: 2,
        min_allocations_count: 1,
        restart_policy: "reload",
        restart_globs: ["Makefile", "conf/**", "[a-z]*.yml"],
        timeout_seconds: 90.5,
      },
      { resources: { memory: { min: "1 mb", max: "1.5 gb" }, cpu: { max: "2GHz" }, ports: { http: {}, admin: 9000 } } },
      {
        commands: {
          command_a: {
            executed_on: ["cli"],
            runtime: "bun",
            demands: { job: "db", command: "command_b", config: { a: [1] } },
          },
          command_b: { executed_on: ["post_build", "cli"] },
        },
      },
      { restart_policy: "never", restart_globs: [], version: "v2" },
      { restart_globs: [] },
      { rollout: { steps: ["1", "pause", "25%", "10m", "100%"], soak_seconds: 0.5 } },
    ],
    build: (value, report) => resolveManifest("api", value, { claimed: [], absent: new Map() }, report),
    onlyBuild: [
      /is more than max/,
      /cannot be used as a name/,
      /is not a (label|port name|command name)$/, // such as "constructor"
      /is not more than the step before it/,
      /is a second pause in a row/,
      /comes after 100%/,
      /do not end with 100%/, // an editor sees only that 100% is missing
      /a demand must name a job/, // blank strings
      /a job cannot depend on itself/,
      /is an older name/, // editors strike it out instead of reporting it
    ],
    onlyEditor: (value) =>
      textsAt(value, "selectors").some((text) => text.trim() === "") ||
      Object.values(at(value, "commands") ?? {}).some((command) => {
        const demands = at(command, "demands");
        return demands !== undefined && (blank(demands.job) || blank(demands.command));
      }),
  },
  {
    name: "workers",
    seeds: [
      [],
      [
        { host: "10.0.0.1", hostname: "a", labels: ["web", "Worker"], memory: "4 gb", cpu: "2", tags: { zone: "eu" } },
        { host: " db-1.example.org ", position: -3, transport: "local", port: 2222, user: "ops", identity: "a.key" },
        { host: "2001:db8::1" },
      ],
    ],
    build: (value, report) => resolveWorkers(value, report),
    onlyBuild: [/is already worker/, /cannot be used as a name/, /is not a label/],
    onlyEditor: () => false,
  },
  {
    name: "disabled",
    seeds: [{}, { $schema: "x", jobs: { api: {}, db: { allocations: ["10.0.0.1", "w2"] } }, workers: ["w1"] }],
    build: (value, report) => resolveDisabled(value, { jobs: [], hosts: [] }, report),
    onlyBuild: [/there is no (job|worker) "/, /cannot be used as a name/],
    onlyEditor: (value) => value === null,
  },
  {
    name: "config",
    seeds: [
      { ssh_user: "ops", ssh_key: "/k", ssh_port: 0, use_sudo: false, worker_root: "/srv/w", transport: "local" },
      { max_concurrent_jobs: 8, certs_ttl: 90, certs_renewal_buffer: 10, certs_key: "ecdsa-p256" },
      { job_config_selector: " staging ", log_format: "jsonl", timeouts: { connect: 1, command: 86_400, hook: 2.5 } },
    ],
    build: (value, report) => resolveSettings(value, "maand.conf", { loaded: declared, absent: new Map() }, report),
    onlyBuild: [/is not less than certs_ttl/, /cannot be used as a name/],
    onlyEditor: () => false,
  },
];

describe.each(FILES)("the schema of $name", ({ name, seeds, build, onlyBuild, onlyEditor }) => {
  const check = compile(
    jsonSchema(
      name,
      declared.map((settings) => ({ settings })),
    ),
  );
  const problemsOf = (value: unknown) => {
    const problems: Problem[] = [];
    build(value, (problem) => problems.push(problem));
    return problems;
  };
  const ofShape = ({ message, where }: Problem) =>
    !onlyBuild.some((pattern) => pattern.test(message)) && !isDeep(message) && !FREE.test(where);

  it("accepts valid values", () => {
    for (const seed of seeds) {
      expect(problemsOf(seed).filter(ofShape)).toEqual([]);
      expect(check(seed), JSON.stringify(check.errors)).toBe(true);
    }
  });

  it("accepts exactly what the build accepts without a warning", () => {
    fc.assert(
      fc.property(mutated(seeds), (value) => {
        const problems = problemsOf(value);
        if (check(value)) expect(problems.filter(ofShape), JSON.stringify(value)).toEqual([]);
        else if (!onlyEditor(value)) expect(problems, JSON.stringify([value, check.errors])).not.toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });
});

/** Places of values that the schema does not check. */
const FREE = /\$schema$|\.demands\.config/;

/**
 * Whether a message is about a string that its pattern accepts although the build refuses it. The tests of patterns below
 * list these exceptions.
 */
function isDeep(message: string): boolean {
  const [, text] = /^(".*") is not (?:a version|a pattern|an IPv4 or IPv6 address or a DNS name)$/.exec(message) ?? [];
  return text !== undefined && (text.length >= 57 || TEXTS.some(({ beyond }) => beyond(JSON.parse(text))));
}

interface Text {
  readonly what: string;
  readonly pattern: string;
  readonly check: (text: string) => boolean;
  readonly letters: string;
  readonly samples: readonly string[];
  /** Strings that the pattern accepts and the check refuses. */
  readonly beyond: (text: string) => boolean;
}

const TEXTS: readonly Text[] = [
  {
    what: "a version",
    pattern: VERSION_PATTERN,
    check: (text) => parseVersion(text.trim()) !== undefined,
    letters: "0123456789..--+vVa ",
    samples: ["1", "v1.2", "1.2.3-rc.1+5", " 1.2.3 ", "01", "1.2.3.4", "1-", "latest"],
    beyond: (text) => text.trim().length > 128 || /[-.]0\d+(?:[.+\s]|$)/.test(text),
  },
  {
    what: "memory",
    pattern: MEMORY_PATTERN,
    check: (text) => parseMemory(text) !== undefined,
    letters: "0123456789.. mMgGtTbBkK",
    samples: ["256 mb", "1.5GB", "", " ", "1 tb ", "5", "1e3", "-1", "1 mhz"],
    beyond: () => false,
  },
  {
    what: "cpu",
    pattern: CPU_PATTERN,
    check: (text) => parseCpu(text) !== undefined,
    letters: "0123456789.. mMgGtThHzZ",
    samples: ["500 mhz", "2GHz", "", "1 thz", "1 mb"],
    beyond: () => false,
  },
  {
    what: "a host",
    pattern: HOST_PATTERN,
    check: (text) => isHost(text.trim()),
    letters: "0125aAfFz9..::-- _",
    samples: [
      "10.0.0.1",
      "256.1.1.1",
      "db-1.example.org",
      "-a",
      "a..b",
      "::1",
      "1::ffff:10.0.0.1",
      `${"a".repeat(64)}.b`,
    ],
    beyond: (text) => text.includes(":"),
  },
  {
    what: "a glob",
    pattern: GLOB_PATTERN,
    check: isGlob,
    letters: "ab/**??[[]]^-\\ .",
    samples: ["*.yml", "conf/**", "[^a-z]", "[]", "[^]", "[^^]", "a[", "\\", "a\\*", "[\\]]", "", "  ", "/"],
    beyond: (text) => /\[.*-/.test(text) || /\\\s*(?:\/|\/\*\*)?\s*$/.test(text),
  },
  {
    what: "a key file",
    pattern: KEY_FILE_PATTERN,
    check: (text) => isKeyFile(text.trim()),
    letters: "ab...//~ \u0007\n",
    samples: [
      "worker.key",
      "",
      " ",
      "  a b ",
      "/",
      "~/.ssh/id",
      "../a",
      "./..",
      ".//..",
      "./ ",
      "a/..",
      "...",
      "./~",
      " ..",
    ],
    beyond: (text) => text.includes("/.."),
  },
];

describe.each(TEXTS)("the pattern of $what", ({ pattern, check, letters, samples, beyond }) => {
  it("accepts all strings that the build accepts", () => {
    const regexp = new RegExp(pattern, "u");
    const near = fc.string({ unit: fc.constantFrom(...letters), maxLength: 14 });
    fc.assert(
      fc.property(fc.oneof(near, fc.constantFrom(...samples), fc.string()), (text) => {
        if (check(text)) expect(regexp.test(text), text).toBe(true);
        else if (!beyond(text)) expect(regexp.test(text), text).toBe(false);
      }),
      { numRuns: 2000, examples: samples.map((text) => [text]) },
    );
  });
});

it.each(["worker.key", "/k", "", " ", "\t", "~/.ssh/id", "../worker.key", "./..", "."])(
  "the schema accepts the identity %j of a worker exactly if the build does",
  (identity) => {
    const workers = [{ host: "10.0.0.1", identity }];
    const problems: Problem[] = [];
    resolveWorkers(workers, (problem) => problems.push(problem));
    const check = compile(jsonSchema("workers", []));
    expect(check(workers)).toBe(problems.length === 0);
  },
);

function compile(schema: object) {
  const ajv = new Ajv({ strict: true });
  for (const keyword of ["patternErrorMessage", "deprecationMessage", "doNotSuggest"]) ajv.addKeyword(keyword);
  return ajv.compile(schema);
}

/** A seed with one to three changed places. */
function mutated(seeds: readonly unknown[]): fc.Arbitrary<unknown> {
  const changes = fc.array(fc.tuple(fc.nat(), CHANGE), { minLength: 1, maxLength: 3 });
  return fc
    .tuple(fc.constantFrom(...seeds), changes)
    .map(([seed, all]) =>
      all.reduce<unknown>((value, [place, change]) => changedAt(value, pick(value, place), change), seed),
    );
}

type Path = readonly (string | number)[];
type Change =
  | { readonly kind: "replace"; readonly by: unknown }
  | { readonly kind: "delete" }
  | { readonly kind: "add"; readonly key: string; readonly value: unknown };

const LEAF = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    1,
    2,
    -1,
    1.5,
    70_000,
    "",
    " ",
    "reload",
    "always",
    "db",
    "50%",
    "0%",
    "[a",
    "constructor",
    "../a",
    "~/a",
    "   ",
    "a\u0007b",
    "\u001b[31m",
    "a\nb",
    "/a\u0085b",
    "\u0000",
  ),
  fc.constantFrom<unknown>({}, [], [""], ["x"], { a: "b" }, { min: "2 gb" }, [{}], [{ host: "w9" }]),
  fc.jsonValue({ maxDepth: 2 }),
);

const KEY = fc.oneof(
  fc.constantFrom(
    "x",
    "version",
    "restart_globs",
    "update_parallel_count",
    "host",
    "allocations",
    "Command",
    "1a",
    "max",
  ),
  fc.string({ maxLength: 5 }),
);

const CHANGE: fc.Arbitrary<Change> = fc.oneof(
  LEAF.map((by) => ({ kind: "replace", by }) as const),
  fc.constant({ kind: "delete" } as const),
  fc.tuple(KEY, LEAF).map(([key, value]) => ({ kind: "add", key, value }) as const),
);

function pick(value: unknown, place: number): Path {
  const paths = pathsOf(value);
  return paths[place % paths.length] ?? [];
}

function pathsOf(value: unknown, here: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [here];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [here, ...keys.flatMap((key) => pathsOf(Reflect.get(value, key), [...here, key]))];
}

function changedAt(value: unknown, [first, ...rest]: Path, change: Change): unknown {
  if (first !== undefined && typeof value === "object" && value !== null) {
    const inside = Reflect.get(value, first);
    const gone = rest.length === 0 && change.kind === "delete";
    if (Array.isArray(value))
      return value.flatMap((item, index) => (index !== first ? [item] : gone ? [] : [changedAt(inside, rest, change)]));
    const { [first]: _, ...others }: Record<string, unknown> = { ...value };
    return gone ? others : { ...others, [first]: changedAt(inside, rest, change) };
  }
  if (change.kind === "replace") return change.by;
  if (change.kind === "delete") return value;
  if (Array.isArray(value)) return [...value, change.value];
  return typeof value === "object" ? { ...value, [change.key]: change.value } : value;
}

function at(value: unknown, key: string): Record<string, unknown> | undefined {
  const inside: unknown = typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
  return typeof inside === "object" && inside !== null ? { ...inside } : undefined;
}

function textsAt(value: unknown, key: string): string[] {
  return Object.values(at(value, key) ?? {}).filter((text) => typeof text === "string");
}

function blank(value: unknown): boolean {
  return typeof value === "string" && value.trim() === "";
}

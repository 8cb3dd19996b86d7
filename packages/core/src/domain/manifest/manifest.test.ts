import { describe, expect, it } from "vitest";
import type { Problem } from "../checks/problem.ts";
import { type Manifest, resolveManifest } from "./manifest.ts";

const FILE = "workspace/jobs/api/manifest.json";

function resolve(value: unknown, claimed: readonly string[] = []) {
  const problems: Problem[] = [];
  const manifest = resolveManifest("api", value, { claimed, absent: new Map() }, (problem) => problems.push(problem));
  return { manifest, problems };
}

/** The problems of a refused manifest, as `key: message (hint)`. */
function described(value: unknown): string[] {
  return resolve(value).problems.map(({ where, message, hint }) => {
    const key = where === FILE ? "" : where.slice(FILE.length + 2);
    return `${key}: ${message}${hint === undefined ? "" : ` (${hint})`}`;
  });
}

const NONE = { min: 0, max: 0, reserved: 0, source: "manifest" };

describe("a manifest", () => {
  it("may be empty, because every key has a default", () => {
    expect(resolve({})).toEqual({
      manifest: {
        version: "0.0.0",
        selectors: ["api"],
        restartPolicy: "always",
        restartGlobs: [],
        maxConcurrentStarts: 0,
        maxConcurrentUpgrades: 1,
        minAllocationsCount: 0,
        memory: NONE,
        cpu: NONE,
        commands: [],
        portRequests: {},
      },
      problems: [],
    });
  });

  it("may set every key", () => {
    const { manifest, problems } = resolve({
      $schema: "./manifest.schema.json",
      version: " 1.2.0 ",
      selectors: ["worker", " Web "],
      max_concurrent_upgrades: 2,
      max_concurrent_starts: "25%",
      min_allocations_count: 3,
      restart_policy: "reload",
      restart_globs: ["Makefile", "certs/**"],
      timeout_seconds: 90,
      resources: {
        memory: { min: "256 mb", max: "1 gb" },
        cpu: { min: "200 mhz" },
        ports: { http: {}, admin: 9090 },
      },
      commands: {
        command_z: { executed_on: ["cli", "cli"], runtime: "bun" },
        command_a: { executed_on: ["pre_deploy"], demands: { job: " db ", command: " command_up ", config: { n: 1 } } },
      },
    });
    expect(problems).toEqual([]);
    expect(manifest).toEqual({
      version: "1.2.0",
      selectors: ["worker", "web"],
      restartPolicy: "reload",
      restartGlobs: ["Makefile", "certs/**"],
      maxConcurrentStarts: "25%",
      maxConcurrentUpgrades: 2,
      minAllocationsCount: 3,
      timeoutSeconds: 90,
      memory: { min: 256, max: 1024, reserved: 1024, source: "manifest" },
      cpu: { min: 200, max: 200, reserved: 200, source: "manifest" },
      commands: [
        {
          name: "command_a",
          executedOn: ["pre_deploy"],
          demands: { job: "db", command: "command_up", config: { n: 1 } },
        },
        { name: "command_z", executedOn: ["cli"] },
      ],
      portRequests: { http: "any", admin: 9090 },
    });
  });

  it.each<[string, object, Partial<Manifest>]>([
    [
      "converts selectors to lower case and drops duplicates",
      { selectors: ["Web", "web", " WEB "] },
      { selectors: ["web"] },
    ],
    ["uses the name of the job for empty selectors", { selectors: ["", " "] }, { selectors: ["api"] }],
    [
      "uses the default for a batch size of less than 1",
      { max_concurrent_upgrades: 0, max_concurrent_starts: 0 },
      { maxConcurrentUpgrades: 1, maxConcurrentStarts: 0 },
    ],
    [
      "uses the minimum as the maximum if the maximum is not set",
      { resources: { memory: { min: "1 gb", max: "0 mb" } } },
      { memory: { min: 1024, max: 1024, reserved: 1024, source: "manifest" } },
    ],
    [
      "ignores a demand that contains only spaces",
      { commands: { command_a: { executed_on: ["cli"], demands: { job: " ", command: "" } } } },
      { commands: [{ name: "command_a", executedOn: ["cli"] }] },
    ],
    [
      "accepts an empty list of globs with every policy",
      { restart_globs: [], restart_policy: "never" },
      { restartGlobs: [], restartPolicy: "never" },
    ],
    [
      "accepts an empty object for a port",
      { resources: { ports: JSON.parse('{"http": { }}') } },
      { portRequests: { http: "any" } },
    ],
  ])("%s", (_, written, expected) => {
    const { manifest, problems } = resolve(written);
    expect(problems).toEqual([]);
    expect(manifest).toMatchObject(expected);
  });

  it("sorts commands by name", () => {
    const command = { executed_on: ["post_build"] };
    const { manifest } = resolve({ commands: { command_y: command, command_b: command, command_wait: command } });
    expect(manifest?.commands.map(({ name }) => name)).toEqual(["command_b", "command_wait", "command_y"]);
  });
});

describe("older names of manifest keys", () => {
  it("are accepted with a warning that names the new key", () => {
    const { manifest, problems } = resolve({ deploy_parallel_count: 2, update_parallel_count: 3 });
    expect(manifest).toMatchObject({ maxConcurrentStarts: 2, maxConcurrentUpgrades: 3 });
    expect(problems).toEqual([
      {
        code: "renamed_key",
        level: "warning",
        where: `${FILE}: deploy_parallel_count`,
        message: '"deploy_parallel_count" is an older name',
        hint: 'write "max_concurrent_starts"',
      },
      {
        code: "renamed_key",
        level: "warning",
        where: `${FILE}: update_parallel_count`,
        message: '"update_parallel_count" is an older name',
        hint: 'write "max_concurrent_upgrades"',
      },
    ]);
  });
  it("are ignored if the manifest also has the new key", () => {
    const written = { update_parallel_count: 5, max_concurrent_upgrades: 2 };
    expect(resolve(written).manifest).toMatchObject({ maxConcurrentUpgrades: 2 });
    expect(described(written)).toEqual([
      'update_parallel_count: "update_parallel_count" is an older name of "max_concurrent_upgrades", and is ignored (remove it)',
    ]);
  });
});

describe("unknown keys of a manifest", () => {
  const written = {
    Version: "1.0.0",
    max_concurent_upgrades: 2,
    health_check: {},
    colour: "red",
    resources: { memroy: {}, memory: { minimum: "1 mb" }, cpu: { max: "1 ghz", mix: "" } },
    commands: { command_a: { executed_on: ["cli"], demand: {}, demands: { jobs: "db" } } },
  };
  it("are reported in every part that core reads, with the closest known key", () => {
    const { manifest, problems } = resolve(written, ["health_check", "certs"]);
    expect(manifest).toBeDefined();
    expect(
      problems.map((problem) => [problem.level, problem.code, problem.where.slice(FILE.length + 2), problem.hint]),
    ).toEqual([
      ["warning", "unknown_key", "Version", 'did you mean "version"?'],
      ["warning", "unknown_key", "max_concurent_upgrades", 'did you mean "max_concurrent_upgrades"?'],
      [
        "warning",
        "unknown_key",
        "colour",
        expect.stringMatching(/^valid keys: version, selectors, .*, health_check, certs$/),
      ],
      ["warning", "unknown_key", "resources.memroy", 'did you mean "memory"?'],
      ["warning", "unknown_key", "resources.memory.minimum", "valid keys: min, max"],
      ["warning", "unknown_key", "resources.cpu.mix", 'did you mean "min"?'],
      ["warning", "unknown_key", "commands.command_a.demand", 'did you mean "demands"?'],
      ["warning", "unknown_key", "commands.command_a.demands.jobs", 'did you mean "job"?'],
    ]);
    expect(problems[2]?.message).toBe('unknown key "colour" is ignored');
  });
  it("are not reported if a plugin claims them", () => {
    expect(resolve({ health_check: 5 }, ["health_check"]).problems).toEqual([]);
  });
});

describe("a refused manifest", () => {
  const BATCH = 'write 2 for two at a time, or "25%" for a quarter of them';
  const PORT = "write a number from 1 to 65535, or {} to assign a free one";
  const VERSION = 'write it as "1.2.3" or "1.2.3-rc.1"';
  const MEMORY = 'write it as "256 mb", "1.5 gb" or "1 tb"';
  const CPU = 'write it as "500 mhz" or "2 ghz"';
  const GLOB = 'write it as "conf/*.yml" or "certs/**"; a [ needs a closing ], and a \\ needs a following character';
  const batches = (
    key: string,
    value: unknown,
    message: string,
    hint: string | undefined = BATCH,
  ): [unknown, string] => [{ [key]: value }, `${key}: ${message}${hint === "" ? "" : ` (${hint})`}`];
  const ports = (value: unknown, is: string): [unknown, string] => [
    { resources: { ports: { http: value } } },
    `resources.ports.http: must be a port number or {}, but is ${is} (${PORT})`,
  ];
  const command = (value: unknown, message: string): [unknown, string] => [
    { commands: { command_a: value } },
    `commands.command_a${message}`,
  ];

  it.each<[unknown, string]>([
    [null, ": must be an object, but is null (write at least {})"],
    [[], ": must be an object, but is an empty list (write at least {})"],
    ["api", ': must be an object, but is "api" (write at least {})'],
    [{ version: 1.2 }, 'version: must be text in quotes, but is 1.2 (write "1.2")'],
    [{ version: null }, "version: must be text in quotes, but is null (set a value, or remove the key)"],
    [{ version: ["1"] }, "version: must be text in quotes, but is a list"],
    [{ version: "" }, `version: "" is not a version (${VERSION})`],
    [{ version: "latest" }, `version: "latest" is not a version (${VERSION})`],
    [{ version: "1.0;\nreboot" }, `version: "1.0;\\nreboot" is not a version (${VERSION})`],
    [{ selectors: "web" }, 'selectors: must be a list, but is "web" (write ["web"])'],
    [{ selectors: {} }, "selectors: must be a list, but is an object"],
    [{ selectors: ["web", 5] }, 'selectors[1]: must be text in quotes, but is 5 (write "5")'],
    [
      { selectors: ["o'b"] },
      `selectors: "o'b" is not a label (use letters, digits, - . and _, beginning with a letter or digit)`,
    ],
    batches("max_concurrent_upgrades", true, "must be a whole number or a percentage, but is true"),
    batches("max_concurrent_upgrades", "2", '"2" is not a batch size'),
    batches("max_concurrent_upgrades", "0%", '"0%" is not a batch size'),
    batches("max_concurrent_upgrades", "101%", '"101%" is not a batch size'),
    batches("max_concurrent_starts", "half", '"half" is not a batch size'),
    batches("max_concurrent_starts", 1.5, "must be a whole number, but is 1.5", ""),
    batches("max_concurrent_starts", null, "must be a whole number or a percentage, but is null"),
    batches("max_concurrent_starts", [2], "must be a whole number or a percentage, but is a list"),
    [{ min_allocations_count: -1 }, "min_allocations_count: must be at least 0, but is -1"],
    [{ min_allocations_count: 0.5 }, "min_allocations_count: must be a whole number, but is 0.5"],
    [{ min_allocations_count: "3" }, 'min_allocations_count: must be a number, but is "3" (write 3, without quotes)'],
    [{ min_allocations_count: "three" }, 'min_allocations_count: must be a number, but is "three"'],
    [
      { restart_policy: "Reload" },
      'restart_policy: must be "always", "reload" or "never", but is "Reload" (did you mean "reload"?)',
    ],
    [{ restart_policy: "sometimes" }, 'restart_policy: must be "always", "reload" or "never", but is "sometimes"'],
    [{ restart_policy: true }, 'restart_policy: must be "always", "reload" or "never", but is true'],
    [
      { restart_policy: "reload", restart_globs: "*.conf" },
      'restart_globs: must be a list, but is "*.conf" (write ["*.conf"])',
    ],
    [{ restart_policy: "reload", restart_globs: ["ok", "["] }, `restart_globs[1]: "[" is not a pattern (${GLOB})`],
    [{ restart_policy: "reload", restart_globs: [""] }, `restart_globs[0]: "" is not a pattern (${GLOB})`],
    [
      { restart_globs: ["*"] },
      'restart_globs: restart_globs need restart_policy reload (write "restart_policy": "reload", or remove restart_globs)',
    ],
    [{ timeout_seconds: 0 }, "timeout_seconds: must be at least 1, but is 0"],
    [{ timeout_seconds: "60" }, 'timeout_seconds: must be a number, but is "60" (write 60, without quotes)'],
    [{ resources: [] }, "resources: must be an object, but is an empty list"],
    [
      { resources: { memory: "1 gb" } },
      'resources.memory: must be an object, but is "1 gb" (write { "min": "256 mb", "max": "512 mb" })',
    ],
    [{ resources: { memory: { min: 512 } } }, 'resources.memory.min: must be text in quotes, but is 512 (write "512")'],
    [
      { resources: { memory: { max: "2 cores" } } },
      `resources.memory.max: "2 cores" is not an amount of memory (${MEMORY})`,
    ],
    [
      { resources: { memory: { max: "-5 mb" } } },
      `resources.memory.max: "-5 mb" is not an amount of memory (${MEMORY})`,
    ],
    [
      { resources: { memory: { min: "2 gb", max: "1 gb" } } },
      "resources.memory: min (2 gb) is more than max (1 gb) (raise max or lower min)",
    ],
    [{ resources: { cpu: { min: "NaN" } } }, `resources.cpu.min: "NaN" is not an amount of cpu (${CPU})`],
    [
      { resources: { cpu: 2 } },
      'resources.cpu: must be an object, but is 2 (write { "min": "200 mhz", "max": "500 mhz" })',
    ],
    [
      { resources: { cpu: { min: "2 ghz", max: "1999 mhz" } } },
      "resources.cpu: min (2 ghz) is more than max (1999 mhz) (raise max or lower min)",
    ],
    [{ resources: { ports: ["http"] } }, 'resources.ports: must be an object, but is a list (write { "http": {} })'],
    [
      { resources: { ports: { " http": {} } } },
      'resources.ports. http: " http" is not a port name (use lower-case letters, digits and _, beginning with a letter)',
    ],
    [
      { resources: { ports: JSON.parse('{"constructor": {}}') } },
      'resources.ports.constructor: "constructor" cannot be used as a name (choose another name)',
    ],
    ports(0, "0"),
    ports(-1, "-1"),
    ports(70000, "70000"),
    ports(80.5, "80.5"),
    ports(null, "null"),
    ports("any", '"any"'),
    ports("8080", '"8080"'),
    ports(true, "true"),
    ports([], "an empty list"),
    ports({ number: 80 }, "an object"),
    [
      { commands: [] },
      'commands: must be an object, but is an empty list (write { "command_...": { "executed_on": ["post_deploy"] } })',
    ],
    [
      { commands: { hello: { executed_on: ["cli"] } } },
      'commands.hello: "hello" is not a command name (use command_ followed by lower-case letters, digits and _)',
    ],
    [
      { commands: { "command_a;b": { executed_on: ["cli"] } } },
      'commands.command_a;b: "command_a;b" is not a command name (use command_ followed by lower-case letters, digits and _)',
    ],
    command("cli", ': must be an object, but is "cli" (write { "executed_on": ["post_deploy"] })'),
    command(["cli"], ': must be an object, but is a list (write { "executed_on": ["post_deploy"] })'),
    command({}, '.executed_on: is missing (list the events at which it runs, such as ["post_deploy"])'),
    command(
      { executed_on: [] },
      '.executed_on: must name at least one event (list the events at which it runs, such as ["post_deploy"])',
    ),
    command({ executed_on: "cli" }, '.executed_on: must be a list, but is "cli" (write ["cli"])'),
    command({ executed_on: [1] }, '.executed_on[0]: must be text in quotes, but is 1 (write "1")'),
    command(
      { executed_on: ["cli"], demands: "db" },
      '.demands: must be an object, but is "db" (write { "job": "...", "command": "command_..." })',
    ),
    command(
      { executed_on: ["cli"], demands: { job: "db" } },
      ".demands: a demand must name a job and one of its commands (write both job and command, or neither)",
    ),
    command(
      { executed_on: ["cli"], demands: { job: " ", command: "command_x" } },
      ".demands: a demand must name a job and one of its commands (write both job and command, or neither)",
    ),
    command(
      { executed_on: ["cli"], demands: { job: "api", command: "command_x" } },
      ".demands.job: a job cannot depend on itself (name another job, or remove demands)",
    ),
    command(
      { executed_on: ["cli"], demands: { job: "db", command: "command_x", config: [] } },
      ".demands.config: must be an object, but is an empty list",
    ),
    [{ $schema: 5 }, '$schema: must be text in quotes, but is 5 (write "5")'],
  ])("with the content %j is reported with a hint", (written, expected) => {
    expect(described(written)).toEqual([expected]);
    expect(resolve(written).problems[0]?.level).toBe("error");
  });

  it("is reported with an error code for the kind of problem", () => {
    const codeOf = (written: unknown) => resolve(written).problems[0]?.code;
    expect(codeOf({ version: 5 })).toBe("invalid_manifest");
    expect(codeOf({ commands: { x: { executed_on: ["cli"] } } })).toBe("invalid_command");
    expect(codeOf({ commands: { command_x: { executed_on: ["cli"], demands: { job: "db" } } } })).toBe(
      "invalid_demand",
    );
  });

  it("is reported with all problems together, even next to a value of the wrong type", () => {
    const written = {
      version: 2,
      selectors: ["web", "a b"],
      max_concurrent_upgrades: true,
      restart_policy: "sometimes",
      restart_globs: ["*.conf"],
      verison: "1",
      resources: { memory: { min: "2 gb", max: "1 gb" }, cpu: { min: 5 }, ports: { "bad-name": 0 } },
      commands: {
        hello: { executed_on: ["cli"] },
        command_a: { executed_om: ["cli"] },
        command_b: { executed_on: ["cli"], demands: { job: "db" } },
      },
    };
    expect(resolve(written).manifest).toBeUndefined();
    expect(
      resolve(written)
        .problems.map(({ where }) => where.slice(FILE.length + 2))
        .sort(),
    ).toEqual([
      "commands.command_a.executed_om",
      "commands.command_a.executed_on",
      "commands.command_b.demands",
      "commands.hello",
      "max_concurrent_upgrades",
      "resources.cpu.min",
      "resources.memory",
      "resources.ports.bad-name",
      "resources.ports.bad-name",
      "restart_policy",
      "selectors",
      "verison",
      "version",
    ]);
  });

  it("is reported with a truncated value if the value is long", () => {
    expect(described({ version: "x".repeat(500) })[0]).toHaveLength(
      `version: ${"x".repeat(60)} is not a version (${VERSION})`.length,
    );
  });
});

it("a manifest that could not be read is not reported twice", () => {
  expect(resolve(undefined)).toEqual({ manifest: undefined, problems: [] });
});

import { describe, expect, it } from "vitest";
import type { Problem } from "../checks/problem.ts";
import { resolveDemands } from "./demands.ts";
import type { JobCommand } from "./job.ts";

interface Sketch {
  readonly name: string;
  readonly version?: string;
  /** `command -> job.command`, by name of the command. */
  readonly commands?: Readonly<Record<string, { on?: string; config?: Record<string, unknown> }>>;
}

function resolve(sketches: readonly Sketch[], unread?: ReadonlySet<string>) {
  const problems: Problem[] = [];
  const jobs = sketches.map(({ name, version = "1.0.0", commands = {} }) => ({
    name,
    version,
    commands: Object.entries(commands).map(([command, { on, config = {} }]): JobCommand => {
      const [job = "", demanded = ""] = on?.split(".") ?? [];
      const base = { name: command, executedOn: ["pre_deploy"] };
      return on === undefined ? base : { ...base, demands: { job, command: demanded, config } };
    }),
  }));
  const waves = resolveDemands(jobs, (problem) => problems.push(problem), unread);
  return { waves: Object.fromEntries(waves), problems };
}

const db: Sketch = { name: "db", version: "2.1.0", commands: { command_up: {}, command_dump: {} } };
const api = (on: string, config: Record<string, unknown> = {}): Sketch => ({
  name: "api",
  commands: { command_wait: { on, config } },
});
const AT = "workspace/jobs/api/manifest.json: commands.command_wait.demands";

describe("demands", () => {
  it("put a job one wave after the jobs it depends on", () => {
    expect(resolve([api("db.command_up"), db, { name: "web" }])).toEqual({
      waves: { api: 1, db: 0, web: 0 },
      problems: [],
    });
  });
  it.each([
    {},
    { min_version: "2.1" },
    { min_version: " v2 ", max_version: "3" },
    { max_version: "2.1.0" },
    { min_version: 2 },
    { other: true },
  ])("are satisfied by %j", (config) => {
    expect(resolve([api("db.command_up", config), db]).problems).toEqual([]);
  });
  it("are not satisfied by a prerelease of the required version", () => {
    const early = { ...db, version: "2.1.0-rc.1" };
    expect(resolve([api("db.command_up", { min_version: "2.1.0-rc.0" }), early]).problems).toEqual([]);
    expect(resolve([api("db.command_up", { min_version: "2.1.0" }), early]).problems).toHaveLength(1);
  });
});

describe("a refused demand", () => {
  it.each<[string, Sketch[], [string, string, string, string][]]>([
    [
      "is reported for a job that does not exist",
      [api("bd.command_up"), db],
      [["invalid_demand", `${AT}.job`, 'there is no job "bd"', "name a job of this workspace, or remove the demand"]],
    ],
    [
      "is reported with the closest name for a mistyped job",
      [api("postgers.command_up"), { ...db, name: "postgres" }],
      [["invalid_demand", `${AT}.job`, 'there is no job "postgers"', 'did you mean "postgres"?']],
    ],
    [
      "is reported with the closest name for a mistyped command",
      [api("db.command_upp"), db],
      [["invalid_demand", `${AT}.command`, 'job db has no command "command_upp"', 'did you mean "command_up"?']],
    ],
    [
      "is reported with the commands of the job for a command that does not exist",
      [api("db.command_initialise"), db],
      [
        [
          "invalid_demand",
          `${AT}.command`,
          'job db has no command "command_initialise"',
          "its commands: command_up, command_dump",
        ],
      ],
    ],
    [
      "is reported for a job without commands",
      [api("db.command_up"), { name: "db" }],
      [["invalid_demand", `${AT}.command`, 'job db has no command "command_up"', "its commands: none"]],
    ],
    [
      "is reported for a version below the minimum",
      [api("db.command_up", { min_version: "2.2" }), db],
      [
        [
          "demand_version_mismatch",
          `${AT}.config`,
          "job db has version 2.1.0, but 2.2 or later is required",
          "change the version of db or the demand",
        ],
      ],
    ],
    [
      "is reported for a version above the maximum",
      [api("db.command_up", { max_version: 2 }), db],
      [
        [
          "demand_version_mismatch",
          `${AT}.config`,
          "job db has version 2.1.0, but 2 or earlier is required",
          "change the version of db or the demand",
        ],
      ],
    ],
    [
      "is reported with both bounds for a version outside the range",
      [api("db.command_up", { min_version: "1", max_version: "2.0.9" }), db],
      [
        [
          "demand_version_mismatch",
          `${AT}.config`,
          "job db has version 2.1.0, but 1 to 2.0.9 is required",
          "change the version of db or the demand",
        ],
      ],
    ],
    [
      "is reported for a minimum above the maximum",
      [api("db.command_up", { min_version: "3", max_version: "2" }), db],
      [["invalid_demand", `${AT}.config`, "min_version is higher than max_version", "swap them"]],
    ],
    [
      "is reported for a fraction as version",
      [api("db.command_up", { min_version: 2.1 }), db],
      [["invalid_version", `${AT}.config.min_version`, "2.1 is not a version", 'write it as "1.2.3"']],
    ],
    [
      "is reported for a word as version",
      [api("db.command_up", { max_version: "latest" }), db],
      [["invalid_version", `${AT}.config.max_version`, '"latest" is not a version', 'write it as "1.2.3"']],
    ],
    [
      "is reported for a space and for null as versions",
      [api("db.command_up", { min_version: " ", max_version: null }), db],
      [
        ["invalid_version", `${AT}.config.min_version`, '" " is not a version', 'write it as "1.2.3"'],
        ["invalid_version", `${AT}.config.max_version`, "null is not a version", 'write it as "1.2.3"'],
      ],
    ],
  ])("%s", (_, jobs, expected) => {
    const { problems } = resolve(jobs);
    expect(problems).toEqual(
      expected.map(([code, where, message, hint]) => ({ code, level: "error", where, message, hint })),
    );
  });

  it("is reported without a suggestion of the dependent job itself", () => {
    expect(resolve([api("apo.command_up")]).problems[0]?.hint).toBe(
      "name a job of this workspace, or remove the demand",
    );
  });

  it("is reported once for each job without a version", () => {
    const bare = (name: string, on: string): Sketch => ({
      name,
      version: "0.0.0",
      commands: { command_a: { on }, command_b: { on } },
    });
    const { problems } = resolve([
      bare("api", "db.command_up"),
      bare("web", "db.command_up"),
      { ...db, version: "0.0.0" },
    ]);
    expect(problems.map(({ code, where, message }) => [code, where, message])).toEqual([
      [
        "invalid_version",
        "workspace/jobs/api/manifest.json: version",
        "job api needs a version, because api depends on db",
      ],
      [
        "invalid_version",
        "workspace/jobs/db/manifest.json: version",
        "job db needs a version, because api depends on db",
      ],
      [
        "invalid_version",
        "workspace/jobs/web/manifest.json: version",
        "job web needs a version, because web depends on db",
      ],
    ]);
    expect(problems[0]?.hint).toBe('write "version": "1.0.0"');
  });

  it("is not reported for a job whose manifest was refused", () => {
    expect(resolve([api("db.command_up")], new Set(["db"]))).toEqual({ waves: { api: 0 }, problems: [] });
  });
});

describe("cycles of demands", () => {
  const link = (name: string, on: string): Sketch => ({ name, commands: { command_x: { on: `${on}.command_x` } } });

  it("are reported with all jobs of the cycle", () => {
    const { waves, problems } = resolve([link("a", "b"), link("b", "c"), link("c", "a"), { name: "free" }]);
    expect(waves).toEqual({ free: 0 });
    expect(problems).toEqual([
      {
        code: "circular_demand",
        level: "error",
        where: "workspace/jobs/a/manifest.json: commands",
        message: "jobs depend on each other in a cycle: a -> b -> c -> a",
        hint: "remove one of these demands",
      },
    ]);
  });
  it("are all reported at once", () => {
    const { problems } = resolve([link("a", "b"), link("b", "a"), link("c", "d"), link("d", "c"), link("e", "a")]);
    expect(problems.map(({ message }) => message.replace(/.*: /, ""))).toEqual(["a -> b -> a", "c -> d -> c"]);
  });
});

import { describe, expect, it } from "vitest";
import type { Problem } from "../checks/problem.ts";
import { DISABLED_FILE, isDisabled, resolveDisabled } from "./disabled.ts";

const JOBS = ["api", "vault"];
const HOSTS = ["10.0.0.1", "10.0.0.2"];

function resolve(value: unknown) {
  const problems: Problem[] = [];
  const disabled = resolveDisabled(value, { jobs: JOBS, hosts: HOSTS }, (problem) => problems.push(problem));
  return { disabled, problems };
}

/** The allocations that a file stops, as `job@host`. */
function stopped(value: unknown): string[] {
  const { disabled } = resolve(value);
  return JOBS.flatMap((job) =>
    HOSTS.filter((host) => disabled && isDisabled(disabled, job, host)).map((host) => `${job}@${host}`),
  );
}

describe("disabled.json stops", () => {
  it.each<[string, unknown, string[]]>([
    ["nothing if there is no file", undefined, []],
    ["nothing if it is null", null, []],
    ["nothing if it is empty", {}, []],
    ["nothing if its parts are empty", { jobs: {}, workers: [] }, []],
    ["a whole job", { jobs: { api: {} } }, ["api@10.0.0.1", "api@10.0.0.2"]],
    ["one allocation", { jobs: { vault: { allocations: [" 10.0.0.2 "] } } }, ["vault@10.0.0.2"]],
    ["nothing if the list of allocations is empty", { jobs: { api: { allocations: [] } } }, []],
    ["a whole worker", { workers: [" 10.0.0.1"] }, ["api@10.0.0.1", "vault@10.0.0.1"]],
    [
      "jobs, allocations and workers together",
      { jobs: { vault: { allocations: ["10.0.0.1"] } }, workers: ["10.0.0.2"] },
      ["api@10.0.0.2", "vault@10.0.0.1", "vault@10.0.0.2"],
    ],
  ])("%s", (_, written, expected) => {
    expect(resolve(written).problems).toEqual([]);
    expect(stopped(written)).toEqual(expected);
  });
});

const deleted = (kind: string, place: string) =>
  `correct the name, or delete the entry if the ${kind} is no longer in ${place}`;

describe("unknown names in disabled.json", () => {
  it("are errors, with the closest name", () => {
    const { disabled, problems } = resolve({
      jobs: { apu: {}, vault: { allocations: ["10.0.0.3"] }, something: {} },
      workers: ["db-9"],
    });
    expect(disabled).toBeDefined();
    expect(problems).toEqual(
      [
        ["jobs", 'there is no job "apu"', 'did you mean "api"?'],
        ["jobs.vault.allocations", 'there is no worker "10.0.0.3"', 'did you mean "10.0.0.1"?'],
        ["jobs", 'there is no job "something"', deleted("job", "workspace/jobs")],
        ["workers", 'there is no worker "db-9"', deleted("worker", "workspace/workers.json")],
      ].map(([key, message, hint]) => ({
        code: "unknown_name",
        level: "error",
        where: `${DISABLED_FILE}: ${key}`,
        message: `${message}, so it disables nothing`,
        hint,
      })),
    );
  });
  it("are errors at the top level too", () => {
    expect(resolve({ worker: ["10.0.0.1"], $schema: "x" }).problems).toEqual([
      {
        code: "invalid_disabled",
        level: "error",
        where: `${DISABLED_FILE}: worker`,
        message: 'unknown key "worker" disables nothing',
        hint: 'did you mean "workers"?',
      },
    ]);
  });
});

describe("a refused disabled.json", () => {
  const ENTRY = 'write {} to stop the job everywhere, or { "allocations": ["10.0.0.1"] }';
  const LIST = 'write ["10.0.0.1"], or [] to stop it on no worker; without the key it is stopped everywhere';
  const TOP = 'write { "jobs": { "api": {} }, "workers": ["10.0.0.1"] }, or {} to stop nothing';

  it.each<[unknown, string, string, string | undefined]>([
    [[], "", "must be an object, but is an empty list", TOP],
    ["api", "", 'must be an object, but is "api"', TOP],
    [{ jobs: ["api"] }, ": jobs", "must be an object, but is a list", 'write { "api": {} } to stop job api'],
    [{ jobs: "api" }, ": jobs", 'must be an object, but is "api"', 'write { "api": {} } to stop job api'],
    [{ jobs: { api: [] } }, ": jobs.api", "must be an object, but is an empty list", ENTRY],
    [{ jobs: { api: ["10.0.0.1"] } }, ": jobs.api", "must be an object, but is a list", ENTRY],
    [{ jobs: { api: null } }, ": jobs.api", "must be an object, but is null", ENTRY],
    [{ jobs: { api: true } }, ": jobs.api", "must be an object, but is true", ENTRY],
    [
      { jobs: { api: { workers: ["10.0.0.1"] } } },
      ": jobs.api.workers",
      'unknown key "workers"',
      `the only valid key is "allocations"; ${ENTRY}`,
    ],
    [{ jobs: { api: { allocations: null } } }, ": jobs.api.allocations", "must be a list, but is null", LIST],
    [
      { jobs: { api: { allocations: "10.0.0.1" } } },
      ": jobs.api.allocations",
      'must be a list, but is "10.0.0.1"',
      LIST,
    ],
    [
      { jobs: { api: { allocations: [1] } } },
      ": jobs.api.allocations[0]",
      "must be text in quotes, but is 1",
      'write "1"',
    ],
    [
      { jobs: JSON.parse('{"prototype": {}}') },
      ": jobs.prototype",
      '"prototype" cannot be used as a name',
      "choose another name",
    ],
    [{ workers: {} }, ": workers", "must be a list, but is an object", undefined],
    [{ workers: "10.0.0.1" }, ": workers", 'must be a list, but is "10.0.0.1"', 'write ["10.0.0.1"]'],
  ])("stops nothing and is reported with a hint if its content is %j", (written, key, message, hint) => {
    const { disabled, problems } = resolve(written);
    expect(disabled).toBeUndefined();
    const problem = { code: "invalid_disabled", level: "error", where: `${DISABLED_FILE}${key}`, message };
    expect(problems).toEqual([hint === undefined ? problem : { ...problem, hint }]);
  });

  it("is reported with all problems at once", () => {
    const { problems } = resolve({ jobs: { apu: {}, api: { alocations: [] } }, workers: [5], wrkers: [] });
    expect(problems.map(({ where }) => where.slice(DISABLED_FILE.length + 2)).sort()).toEqual([
      "jobs",
      "jobs.api.alocations",
      "workers[0]",
      "wrkers",
    ]);
  });
});

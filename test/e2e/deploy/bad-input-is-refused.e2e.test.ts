import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Scratch, scratch } from "../../support/bucket/scratch.ts";

interface Refusal {
  readonly error: {
    readonly code: string;
    readonly problems: readonly {
      readonly code: string;
      readonly where: string;
      readonly message: string;
      readonly hint: string | null;
    }[];
  };
}

let bucket: Scratch;

beforeEach(async () => {
  bucket = await scratch('transport = "local"\n');
  bucket.workers({ host: "127.0.0.11" }, { host: "127.0.0.12" });
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
  expect(await bucket.maand("build")).toMatchObject({ code: 0 });
});

afterEach(() => bucket.dispose());

/** Builds, expects a refusal, and returns `code where` of each problem. */
async function refused(): Promise<string[]> {
  const { code, stdout, stderr } = await bucket.maand("build", "--json");
  expect(code, stderr).toBe(2);
  expect(stderr).not.toMatch(/\n\s+at .*\.js:\d+/);
  const { error }: Refusal = JSON.parse(stdout);
  expect(error.problems).not.toEqual([]);
  for (const problem of error.problems) expect(problem.hint, problem.where).not.toBe("");
  return error.problems.map(({ code: word, where }) => `${word} ${where}`);
}

describe("a build of an invalid workspace", () => {
  it.each<[string, () => void, string]>([
    [
      "broken JSON in a manifest",
      () => bucket.write("workspace/jobs/api/manifest.json", '{\n  "version": "1.0.0",\n}'),
      "invalid_manifest workspace/jobs/api/manifest.json:3:1",
    ],
    [
      "broken JSON in workers.json",
      () => bucket.write("workspace/workers.json", "[{]"),
      "invalid_workers workspace/workers.json:1:3",
    ],
    [
      "broken TOML in bucket.conf",
      () => bucket.write("workspace/bucket.conf", "port_min = \n"),
      "invalid_bucket_conf workspace/bucket.conf:1",
    ],
    [
      "a wrong type",
      () => bucket.job("api", { version: 1 }),
      "invalid_manifest workspace/jobs/api/manifest.json: version",
    ],
    [
      "a bad version",
      () => bucket.job("api", { version: "1.0.0-$(reboot)" }),
      "invalid_manifest workspace/jobs/api/manifest.json: version",
    ],
    [
      "a host that is listed twice",
      () => bucket.workers({ host: "10.0.0.1" }, { host: "10.0.0.1" }),
      "duplicate_host workspace/workers.json: [1].host",
    ],
    ["an invalid host", () => bucket.workers({ host: "x y;z" }), "invalid_workers workspace/workers.json: [0].host"],
    [
      "a reserved directory",
      () => bucket.write("workspace/jobs/api/data/x", ""),
      "reserved_directory workspace/jobs/api/data",
    ],
    [
      "a job without a manifest",
      () => bucket.write("workspace/jobs/web/Makefile", ""),
      "missing_manifest workspace/jobs/web/manifest.json",
    ],
    ["an invalid job name", () => bucket.job("x;touch zz", {}), "invalid_name workspace/jobs/x;touch zz"],
    [
      "a misspelled key in disabled.json",
      () => bucket.disable({ jobs: { api: { alocations: [] } } }),
      "invalid_disabled workspace/disabled.json: jobs.api.alocations",
    ],
    [
      "a health check of an undeclared port",
      () => bucket.job("api", { selectors: ["worker"], health_check: { checks: [{ type: "tcp", port: "http" }] } }),
      "invalid_health_check workspace/jobs/api/manifest.json: health_check.checks[0].port",
    ],
  ])("is refused with the file and the key: %s", async (_, spoil, problem) => {
    spoil();
    expect(await refused()).toContainEqual(expect.stringContaining(problem));
  });

  it("is refused if a job has no Makefile", async () => {
    bucket.write("workspace/jobs/bare/manifest.json", "{}");
    expect(await refused()).toContain("missing_makefile workspace/jobs/bare/Makefile");
  });

  it("reports all problems together, and keeps the previous catalog", async () => {
    const before = await bucket.json("cat", "jobs");
    bucket.job("api", { version: "nope", restart_policy: "sometimes", max_concurrent_upgrades: "lots" });
    bucket.job("web", { resources: { ports: { "8080": 1, http: 99_999 } } });
    bucket.workers({ host: "10.0.0.1", memory: "much" });
    expect((await refused()).length).toBeGreaterThanOrEqual(6);
    expect(await bucket.json("cat", "jobs")).toEqual(before);
  });

  it("only warns about an unknown selector or key, unless --strict is given", async () => {
    bucket.job("api", { selectors: ["nobody"], restart_polcy: "never" });
    const built = await bucket.maand("build");
    expect(built).toMatchObject({ code: 0, stderr: expect.stringContaining('no worker has "nobody"') });
    expect(built.stderr).toContain('did you mean "restart_policy"?');
    expect(await bucket.maand("build", "--strict")).toMatchObject({ code: 2 });
  });
});

describe("a deploy with an invalid configuration", () => {
  it.each<[string, () => void, RegExp]>([
    ["broken TOML", () => bucket.write("maand.conf", "transport = local\n"), /maand\.conf/],
    ["a wrong type", () => bucket.write("maand.conf", 'use_sudo = "yes"\n'), /maand\.conf:1:1: use_sudo/],
    [
      "a configuration that throws",
      () => bucket.write("maand.config.ts", 'throw new Error("no coffee");\n'),
      /maand\.config\.ts.*no coffee/s,
    ],
    [
      "a configuration with a syntax error",
      () => bucket.write("maand.config.ts", "export default {\n"),
      /maand\.config\.ts/,
    ],
    [
      "a missing plugin",
      () => bucket.write(".maandrc.json", '{"plugins": ["defaults", "@acme/nothing"]}'),
      /plugins\[1\].*@acme\/nothing/s,
    ],
    [
      "an object that is not a plugin",
      () => bucket.write("maand.config.ts", "export default { plugins: [{ name: 'x' }] };\n"),
      /plugins\[0\].*is not a plugin/s,
    ],
    [
      "a plugin that taps an unknown hook",
      () =>
        bucket.write(
          "maand.config.ts",
          "export default { plugins: ['defaults', { name: 'mine', apply(hooks) { hooks.rollot.tap('mine', () => {}); } }] };\n",
        ),
      /plugin "mine" taps a hook "rollot" that does not exist/,
    ],
    [
      "a plugin that fails while it is applied",
      () =>
        bucket.write(
          "maand.config.ts",
          "export default { plugins: ['defaults', { name: 'mine', apply() { throw new Error('oh'); } }] };\n",
        ),
      /plugin "mine" failed while being applied \(maand\.config\.ts:1\): oh/,
    ],
    ["an unknown key", () => bucket.write(".maandrc", "plugin: []\n"), /unknown key "plugin"/],
  ])("is refused with exit code 2, and changes nothing: %s", async (_, spoil, expected) => {
    spoil();
    const { code, stderr } = await bucket.maand("deploy");
    expect(code).toBe(2);
    expect(stderr).toMatch(expected);
    expect(stderr).not.toMatch(/\n\s+at .*\.js:\d+/);
    expect(await bucket.json("info")).toMatchObject({ update_seq: 0 });
  });
});

describe("an invalid command line", () => {
  it.each([
    [["deploy", "--jobs", "apy"], 'did you mean "api"?'],
    [["deploy", "--jbos", "api"], "--jbos"],
    [["deploy", "api"], "maand --help"],
    [["frobnicate"], "maand --help"],
    [["cat", "allocations", "--jobs", "apy"], 'did you mean "api"?'],
    [["cat", "nonsense"], 'unknown table "nonsense"'],
    [["job", "run", "api"], "--target"],
    [["job", "run", "api", "--target", "x;y"], "is not a target"],
    [["job", "create", "../evil"], "is not a job name"],
    [["job", "create", "api"], "already exists"],
    [["-C"], "-C needs a value"],
  ])("is refused with exit code 2: %j", async (args, expected) => {
    const { code, stderr } = await bucket.maand(...args);
    expect(stderr).toContain(expected);
    expect(code).toBe(2);
  });

  it("is refused with a hint if it is typed outside of a bucket", async () => {
    const { code, stderr } = await bucket.maand("-C", "/", "info");
    expect(code).toBe(2);
    expect(stderr).toContain("maand init");
  });
});

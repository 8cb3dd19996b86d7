import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMaandError } from "@maand/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { aBucket, type TestBucket } from "../../packages/core/src/testing/index.ts";
import { certs } from "../../packages/plugin-certs/src/index.ts";
import { jobCommands } from "../../packages/plugin-job-commands/src/index.ts";
import { ssh } from "../../packages/plugin-ssh/src/index.ts";

const ESCAPE = "\u001b[31mred";
let bucket: TestBucket;

beforeEach(() => {
  bucket = aBucket({ plugins: [certs(), jobCommands(), ssh()] });
  bucket.workers("10.0.0.1");
  bucket.job("api", { selectors: ["worker"] });
});

afterEach(() => bucket.dispose());

/** The reasons why a build is refused, as `where: message`. */
async function refused(): Promise<string[]> {
  const thrown: unknown = await bucket.build().then(
    () => "built",
    (cause: unknown) => cause,
  );
  if (!isMaandError(thrown)) return [String(thrown)];
  return thrown.problems.map(({ where, message }) => `${where}: ${message}`);
}

const manifest = (text: string) => bucket.write("jobs/api/manifest.json", text);
const MANIFEST = "workspace/jobs/api/manifest.json: ";

describe("a build refuses an invalid number, and names its key", () => {
  it.each([
    ["max_concurrent_upgrades", "-1", "must be between 0 and 100000, but is -1"],
    ["max_concurrent_starts", "-1", "must be between 0 and 100000, but is -1"],
    ["max_concurrent_upgrades", "1e400", "must be a whole number"],
    ["max_concurrent_upgrades", "1e300", "must be between 0 and 100000, but is 1e+300"],
    ["max_concurrent_upgrades", "1.5", "must be a whole number"],
    ["min_allocations_count", "-1", "must be at least 0, but is -1"],
    ["min_allocations_count", "1e300", "must be at most 100000, but is 1e+300"],
    ["timeout_seconds", "1e400", "must be at most 86400, but is Infinity"],
    ["timeout_seconds", "-5", "must be at least 1, but is -5"],
    ["timeout_seconds", "0", "must be at least 1, but is 0"],
    ["timeout_seconds", "1e9", "must be at most 86400, but is 1000000000"],
  ])("in a manifest (%s: %s)", async (key, value, message) => {
    manifest(`{ "selectors": ["worker"], "${key}": ${value} }`);
    expect(await refused()).toEqual([expect.stringContaining(`${MANIFEST}${key}: ${message}`)]);
  });

  it.each(["-1", "0", "65536", "1e400", "1.5"])("in the port of a job and of a worker (%s)", async (port) => {
    manifest(`{ "selectors": ["worker"], "resources": { "ports": { "http": ${port} } } }`);
    bucket.write("workers.json", `[{ "host": "10.0.0.1", "port": ${port} }]`);
    expect((await refused()).map((line) => line.split(": ")[1]).sort()).toEqual(["[0].port", "resources.ports.http"]);
  });

  it.each(["1e400", "1e300", "-1e300", "0.5"])("in the position of a worker (%s)", async (position) => {
    bucket.write("workers.json", `[{ "host": "10.0.0.1", "position": ${position} }]`);
    expect(await refused()).toEqual([expect.stringContaining("workspace/workers.json: [0].position: must be")]);
  });

  it.each([
    "max_concurrent_jobs = inf",
    "max_concurrent_jobs = nan",
    "max_concurrent_jobs = -1",
    "max_concurrent_jobs = 1_000_000_000",
    "certs_ttl = -1",
    "certs_ttl = nan",
    "certs_ttl = inf",
    "certs_renewal_buffer = -1",
    "timeouts.command = inf",
    "timeouts.connect = nan",
    "timeouts.hook = -1",
    "logs.max_mb = inf",
    "logs.keep_files = -1",
    "ssh_port = 70000",
    'max_file_size = "-1 gb"',
    'max_file_size = "0"',
    'max_file_size = "1e400"',
    'secret_files_mode = "9999"',
  ])("in maand.conf (%s)", async (line) => {
    writeFileSync(join(bucket.root, "maand.conf"), `transport = "fake"\n${line}\n`);
    const [key = ""] = line.split(" = ");
    const found = await refused();
    expect(new Set(found.map((text) => text.split(": ").slice(0, 2).join(": ")))).toEqual(
      new Set([expect.stringMatching(new RegExp(`^maand\\.conf:2:\\d+: ${key}$`))]),
    );
  });
});

it("a problem has the line of its key, or of the object that lacks the key", async () => {
  manifest('{\n  "selectors": ["worker"],\n  "timeout_seconds": -1,\n  "commands": {\n    "command_a": {}\n  }\n}\n');
  const thrown: unknown = await bucket.build().catch((cause: unknown) => cause);
  const found = isMaandError(thrown) ? thrown.problems.map(({ where, line }) => [where, line]) : thrown;
  expect(found).toEqual([
    [`${MANIFEST}timeout_seconds`, 3],
    [`${MANIFEST}commands.command_a.executed_on`, 5],
  ]);
});

describe("a build refuses control characters, names their place, and prints them escaped,", () => {
  const AS_TEXT = String.raw`\u001b[31mred`;

  it.each<[string, string, () => void]>([
    [MANIFEST, "version", () => manifest(JSON.stringify({ selectors: ["worker"], version: ESCAPE }))],
    [MANIFEST, "keep[0]", () => manifest(JSON.stringify({ selectors: ["worker"], keep: [ESCAPE] }))],
    ["workspace/workers.json: ", "[0].hostname", () => bucket.workers({ host: "10.0.0.1", hostname: ESCAPE })],
    ["workspace/workers.json: ", "[0].hostname", () => bucket.workers({ host: "10.0.0.1", hostname: "a\u009b31m" })],
    ["workspace/workers.json: ", "[0].hostname", () => bucket.workers({ host: "10.0.0.1", hostname: "two\nlines" })],
    ["workspace/workers.json: ", "[0].tags.zone", () => bucket.workers({ host: "10.0.0.1", tags: { zone: ESCAPE } })],
    ["workspace/workers.json: ", "[0].tags", () => bucket.workers({ host: "10.0.0.1", tags: { [ESCAPE]: "a" } })],
    ["workspace/disabled.json: ", "workers[0]", () => bucket.disable({ workers: [ESCAPE] })],
    ["workspace/bucket.conf: ", "region", () => bucket.write("bucket.conf", `region = "${AS_TEXT}"\n`)],
    ["workspace/jobs/api/vars.toml: ", "motd", () => bucket.write("jobs/api/vars.toml", `motd = "${AS_TEXT}"\n`)],
  ])("in %s%s", async (file, key, write) => {
    write();
    const found = await refused();
    expect(found[0]).toContain(`${file}${key}: `);
    expect(found[0]).toMatch(/control character/);
    expect(found.join()).not.toMatch(/\p{Cc}/u);
  });

  it("in a file name", async () => {
    bucket.write(`jobs/api/${ESCAPE}`, "x");
    expect(await refused()).toEqual([
      `workspace/jobs/api/"${AS_TEXT}": a file name must not contain control characters`,
    ]);
  });

  it("except newlines and tabs in a variable", async () => {
    bucket.write("jobs/api/vars.toml", 'motd = """\ntwo\n\tlines\n"""\n');
    expect(await refused()).toEqual(["built"]);
  });
});

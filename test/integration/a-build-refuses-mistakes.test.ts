import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CommandResult, initialised, typedIn } from "../../packages/cli/src/run/typed.test.support.ts";

/** Tests how builds and other commands handle mistakes of operators in a workspace or a bucket. */
const Database = createRequire(new URL("../../packages/core/package.json", import.meta.url))("better-sqlite3");

let untouched: string;
let root: string;
let maand: (...argv: string[]) => Promise<CommandResult>;

beforeAll(async () => {
  untouched = await initialised();
});

afterAll(() => rmSync(untouched, { recursive: true, force: true }));

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "maand-faults-"));
  cpSync(untouched, root, { recursive: true });
  maand = typedIn(root);
  workers({ host: "10.0.0.1" }, { host: "10.0.0.2" });
  job("api", { version: "1.0.0", selectors: ["worker"] });
  expect(await maand("build")).toMatchObject({ code: 0 });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function workers(...entries: readonly Readonly<Record<string, unknown>>[]): void {
  write("workspace/workers.json", JSON.stringify(entries));
}

function job(name: string, manifest: Readonly<Record<string, unknown>>): void {
  write(`workspace/jobs/${name}/manifest.json`, JSON.stringify(manifest));
  write(`workspace/jobs/${name}/Makefile`, "start stop restart:\n");
  for (const command of Object.keys(manifest.commands ?? {}))
    write(`workspace/jobs/${name}/_modules/${command}.js`, "");
}

async function json<T>(...argv: string[]): Promise<T> {
  return JSON.parse((await maand(...argv, "--json")).out);
}

/** Runs a build that must be refused, and returns its output. */
async function refused(): Promise<string> {
  const before = await json("cat", "allocations");
  const { code, err } = await maand("build");
  expect(code).toBe(2);
  expect(await json("cat", "allocations")).toEqual(before);
  return err;
}

describe("a build with a missing file removes nothing, and", () => {
  it("reports a missing workers.json as one error", async () => {
    rmSync(join(root, "workspace/workers.json"));
    const printed = await refused();
    expect(printed).toContain("workspace/workers.json");
    expect(printed).toContain("[] means no workers");
    expect(printed).not.toContain("runs nowhere");
  });

  it("reports a workers.json with null, a missing manifest, and a missing jobs directory", async () => {
    write("workspace/workers.json", "null");
    expect(await refused()).toContain("workspace/workers.json");
    workers({ host: "10.0.0.1" });
    rmSync(join(root, "workspace/jobs/api/manifest.json"));
    expect(await refused()).toContain("delete workspace/jobs/api to remove the job");
    rmSync(join(root, "workspace/jobs"), { recursive: true });
    expect(await refused()).toContain("workspace/jobs");
  });
});

it("a build reports problems from plugins and from core together", async () => {
  job("api", {
    version: 1,
    selectors: ["worker"],
    certs: { "../x": {} },
    health_check: { checks: [{ type: "tpc" }] },
  });
  const printed = await refused();
  for (const key of ["version", "certs", "health_check.checks[0].type"])
    expect(printed).toMatch(new RegExp(`workspace/jobs/api/manifest\\.json:\\d+: ${key.replace(/[[\].]/g, "\\$&")}`));
});

it("a health check may have a wait without any checks", async () => {
  job("api", {
    selectors: ["worker"],
    health_check: { wait: { attempts: 2, interval_seconds: 1 }, timeout_seconds: 3 },
  });
  expect(await maand("build", "--strict")).toMatchObject({ code: 0, err: "" });
});

it("a dependency with spaces around its names still orders the waves", async () => {
  const ready = { command_ready: { executed_on: ["cli"] } };
  job("db", { version: "1.0.0", selectors: ["worker"], commands: ready });
  job("api", {
    version: "1.0.0",
    selectors: ["worker"],
    commands: { command_wait: { executed_on: ["cli", "cli"], demands: { job: " db ", command: " command_ready " } } },
  });
  expect((await maand("build")).code).toBe(0);
  expect(await json("cat", "jobs")).toMatchObject([
    { job: "db", deployment_seq: 0 },
    { job: "api", deployment_seq: 1 },
  ]);
});

it("a command that lists an event twice has one row for that event", async () => {
  job("api", { version: "1.0.0", selectors: ["worker"], commands: { command_x: { executed_on: ["cli", "cli"] } } });
  expect((await maand("build")).code).toBe(0);
  expect(await json<unknown[]>("cat", "job_commands")).toHaveLength(1);
});

it("every command, even init, refuses the store of a newer maand and does not change it", async () => {
  const db = new Database(join(root, "data/maand.db"));
  db.pragma("user_version = 999");
  db.close();
  for (const line of [["info"], ["build"], ["init"]]) {
    const { code, err } = await maand(...line);
    expect(code, line.join(" ")).toBe(2);
    expect(err).toContain("version 999");
  }
  const again = new Database(join(root, "data/maand.db"));
  expect(again.pragma("user_version", { simple: true })).toBe(999);
  again.close();
});

it("at least one of several parallel builds succeeds, and each refused build names the running build", async () => {
  const ended = await Promise.all([1, 2, 3, 4].map(() => maand("build")));
  const codes = ended.map(({ code }) => code).sort();
  expect(codes[0]).toBe(0);
  expect(codes.every((code) => code === 0 || code === 3)).toBe(true);
  expect(codes.at(-1)).toBe(3);
  for (const { code, err } of ended) if (code === 3) expect(err).toContain("in use by maand build");
  expect((await maand("build")).code).toBe(0);
});

it("quotes in files and filters are never interpreted as SQL", async () => {
  workers({ host: "10.0.0.1", labels: ["o'b"], tags: { zone: "it's" } });
  expect(await refused()).toContain(`"o'b" is not a label`);
  workers({ host: "10.0.0.1", tags: { zone: `it's "x"; --` } });
  expect((await maand("build")).code).toBe(0);
  expect(await json("cat", "workers")).toMatchObject([{ zone: `it's "x"; --` }]);
  const { code, err } = await maand("cat", "allocations", "--jobs", "x') or 1=1 --");
  expect(code).toBe(2);
  expect(err).toContain("there is no job");
});

describe("maand cat", () => {
  it.each([
    ["allocations", "--jobs", "api,nope"],
    ["deployments", "--workers", "10.9.9.9"],
    ["job_ports", "--jobs", "nope"],
    ["certs", "--jobs", "nope"],
    ["kv", "--jobs", "nope"],
  ])("refuses an unknown name, even together with known names: %s %s %s", async (table, flag, names) => {
    const { code, err } = await maand("cat", table, flag, names);
    expect(code).toBe(2);
    expect(err).toMatch(/there is no (job|worker) "/);
  });

  it("ignores spaces around names, and orders rows by job and worker", async () => {
    job("web", { selectors: ["worker"] });
    expect((await maand("build")).code).toBe(0);
    const rows = await json<{ job: string; worker_ip: string }[]>("cat", "allocations", "--jobs", " web , api ");
    expect(rows.map(({ job: name, worker_ip }) => `${name}@${worker_ip}`)).toEqual([
      "api@10.0.0.1",
      "api@10.0.0.2",
      "web@10.0.0.1",
      "web@10.0.0.2",
    ]);
  });

  it("does not show a job without workers as disabled", async () => {
    job("lost", { selectors: ["nobody"] });
    expect((await maand("build")).code).toBe(0);
    expect(await json<{ job: string }[]>("cat", "jobs")).toContainEqual(
      expect.objectContaining({ job: "lost", disabled: 0 }),
    );
  });
});

describe("a build that checks the files of a job", () => {
  it.each([
    ["a broken link", (at: string) => symlinkSync("nowhere", at), "is a broken link"],
    ["a link to a directory", (at: string) => symlinkSync(".", at), "is a link to a directory"],
    [
      "a link out of the workspace",
      (at: string) => symlinkSync("/etc/passwd", at),
      "is a link that leaves the workspace",
    ],
  ])("refuses %s", async (_, make, message) => {
    make(join(root, "workspace/jobs/api/odd"));
    const printed = await refused();
    expect(printed).toContain("workspace/jobs/api/odd");
    expect(printed).toContain(message);
  });

  it("reports names that are not UTF-8 or contain control characters", async () => {
    const directory = join(root, "workspace/jobs/api");
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/odd`), Buffer.from([0xff])]), "");
    writeFileSync(join(directory, "two\nlines"), "");
    for (const name of [".~maand-0123456789abcdef", ".incoming-1-2"]) writeFileSync(join(directory, name), "");
    const printed = await refused();
    for (const name of [".~maand-0123456789abcdef", ".incoming-1-2"])
      expect(printed).toContain(`${name}: has a name that maand uses for temporary files during a sync`);
    expect(printed).toContain("odd\uFFFD: a file name must be UTF-8");
    expect(printed).toContain("must not contain control characters");
  });

  it("refuses a path that is too long, and prints it shortened", async () => {
    mkdirSync(join(root, "workspace/jobs/api", ...Array.from({ length: 60 }, () => "d".repeat(50))), {
      recursive: true,
    });
    const printed = await refused();
    expect(printed).toContain("a path must not be longer than 2000 bytes");
    expect(printed.length).toBeLessThan(500);
  });

  it("refuses a link with a reserved name, and treats a new executable bit as a change", async () => {
    symlinkSync("nowhere", join(root, "workspace/jobs/api/data"));
    expect(await refused()).toContain('"data" is reserved');
    rmSync(join(root, "workspace/jobs/api/data"));
    const hash = async () => {
      const { waves } = await json<PlannedHashes>("deploy", "--dry-run");
      return waves[0]?.jobs.find(({ job }) => job === "api")?.allocations[0]?.current_hash;
    };
    const script = write("workspace/jobs/api/run.sh", "#!/bin/sh\n");
    expect((await maand("build")).code).toBe(0);
    const before = await hash();
    chmodSync(script, 0o755);
    expect((await maand("build")).code).toBe(0);
    expect(await hash()).not.toBe(before);
  });
});

interface PlannedHashes {
  readonly waves: readonly {
    readonly jobs: readonly {
      readonly job: string;
      readonly allocations: readonly { readonly current_hash: string }[];
    }[];
  }[];
}

describe("a build refuses an invalid name", () => {
  it.each([
    ["a job", () => job("we ird'x", {}), "is not a job name"],
    ["a host", () => workers({ host: "x y;z" }), "x y;z"],
    ["a label", () => workers({ host: "10.0.0.1", labels: [""] }), "is not a label"],
    ["a port", () => job("api", { resources: { ports: { " http": 1 } } }), "is not a port name"],
    [
      "a certificate",
      () => job("api", { selectors: ["worker"], certs: { "../x": { subject: { common_name: "x" } } } }),
      "../x",
    ],
    ["a command", () => job("api", { commands: { "command_x;y": { executed_on: ["cli"] } } }), "is not a command name"],
  ])("of %s", async (_, spoil, message) => {
    spoil();
    expect(await refused()).toContain(message);
  });
});

it("maand finds the bucket from any directory inside it", async () => {
  expect(await typedIn(join(root, "workspace/jobs/api"))("info")).toMatchObject({ code: 0 });
});

it("an incomplete command prints each possible subcommand once", async () => {
  const lines = (await maand("cat")).err.split("\n").filter((line) => line.startsWith("    maand cat "));
  expect(lines.length).toBeGreaterThan(8);
  expect(new Set(lines).size).toBe(lines.length);
});

it("maand prints an error once, without the usage", async () => {
  const { err } = await maand("deploy", "--jobs", "nope");
  expect(err.split('there is no job "nope"')).toHaveLength(2);
  expect(err.split("\n").length).toBeLessThan(5);
});

it("private directories have the mode 0700, and the store and keys have the mode 0600", () => {
  const mode = (path: string) => statSync(join(root, path)).mode & 0o777;
  for (const directory of ["data", "secrets", "logs"]) expect(mode(directory), directory).toBe(0o700);
  for (const file of ["data/maand.db", "secrets/kv.key", "secrets/ca.key"]) expect(mode(file), file).toBe(0o600);
});

describe("a post_build command that fails", () => {
  const generate = `import { putJobSecret } from "./maand.ts";\nawait putJobSecret("password", "generated");\n`;

  it("fails the build, keeps the results of successful commands, and runs again during the next build", async () => {
    const command = { command_generate: { executed_on: ["post_build"] } };
    for (const name of ["api", "db", "web"]) {
      job(name, { version: "2.0.0", selectors: ["worker"], commands: command });
      write(`workspace/jobs/${name}/_modules/command_generate.js`, name === "db" ? "process.exit(3);" : generate);
    }
    const { code, err } = await maand("build");
    expect(code).toBe(1);
    expect(err).toContain("command_generate (post_build) of db for 10.0.0.1, 10.0.0.2 failed with exit code 3");
    for (const [name, found] of [
      ["api", 0],
      ["web", 0],
      ["db", 2],
    ] as const)
      expect(await maand("cat", "kv", "get", `secrets/job/${name}`, "password"), name).toMatchObject({ code: found });
    write("workspace/jobs/db/_modules/command_generate.js", generate);
    expect((await maand("build")).code).toBe(0);
    expect((await maand("cat", "kv", "get", "secrets/job/db", "password", "--reveal")).out).toContain("generated");
  });
});

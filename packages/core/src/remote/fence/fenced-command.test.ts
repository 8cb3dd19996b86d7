import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { MaandError } from "../../errors.ts";
import { fakeRemote } from "../../testing/fake-remote.ts";
import type { Argv, ExecResult, Remote } from "../remote.ts";
import { FENCED_EXIT, fencedCommand, probeFenced, refusedBy } from "./fenced-command.ts";
import { setFence } from "./worker-fence.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-fenced-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const record = () => readFileSync(join(root, "fence"), "utf8");

/**
 * A connection of a command whose record begins with `line`. The command accepts the records in `known` on the worker.
 */
function remoteOf(line: string, known: readonly string[] = []): Remote {
  const remote = fakeRemote({ root });
  let expected = line;
  setFence(remote, {
    line,
    text: `${line}\n{}\n`,
    get expected() {
      return expected;
    },
    admit(found) {
      const [head = ""] = found.split("\n");
      if (!known.includes(head)) throw new MaandError({ code: "FENCED", message: `it has ${found}` });
      expected = head;
    },
  });
  return remote;
}

function run(argv: Argv): ExecResult {
  const [program = "", ...args] = argv.map(String);
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  return { code: status ?? -1, stdout, stderr, durationMs: 0 };
}

it("a fenced command writes a private record, and runs with its arguments and umask", () => {
  const argv = ["sh", "-c", 'printf "%s." "$@"; umask', "sh", "a b", "$HOME", "'"];
  expect(run(fencedCommand(remoteOf("3 aa"), argv))).toMatchObject({
    code: 0,
    stdout: `a b.$HOME.'.${execFileSync("sh", ["-c", "umask"], { encoding: "utf8" })}`,
  });
  expect(record()).toBe("3 aa\n{}\n");
  for (const name of ["fence", "locks/stage"]) expect(statSync(join(root, name)).mode & 0o777).toBe(0o600);
});

it("a command is refused and does not run if the record on the worker is not the expected one", () => {
  run(fencedCommand(remoteOf("3 aa"), ["true"]));
  const late = run(fencedCommand(remoteOf("4 bb"), ["touch", join(root, "ran")]));
  expect(late.code).toBe(FENCED_EXIT);
  expect(refusedBy(late)).toBe("3 aa\n{}\n");
  expect(existsSync(join(root, "ran"))).toBe(false);
  expect(record()).toBe("3 aa\n{}\n");
});

it("probeFenced runs a command if the record on the worker is accepted, and otherwise throws FENCED", async () => {
  run(fencedCommand(remoteOf("3 aa"), ["true"]));
  const touch = ["touch", join(root, "ran")];
  await expect(probeFenced(remoteOf("4 bb"), touch, async (argv) => run(argv))).rejects.toMatchObject({
    code: "FENCED",
  });
  expect(existsSync(join(root, "ran"))).toBe(false);
  expect(await probeFenced(remoteOf("4 bb", ["3 aa"]), touch, async (argv) => run(argv))).toMatchObject({ code: 0 });
  expect([existsSync(join(root, "ran")), record()]).toEqual([true, "4 bb\n{}\n"]);
});

it("a record that other users may write, or that is a link, is not trusted", () => {
  writeFileSync(join(root, "fence"), "3 aa\n{}\n");
  chmodSync(join(root, "fence"), 0o666);
  expect(refusedBy(run(fencedCommand(remoteOf("3 aa"), ["true"])))).toContain("!it is not a private file");
  rmSync(join(root, "fence"));
  symlinkSync(join(root, "elsewhere"), join(root, "fence"));
  expect(run(fencedCommand(remoteOf("3 aa"), ["true"])).code).toBe(FENCED_EXIT);
  expect(existsSync(join(root, "elsewhere"))).toBe(false);
});

it("a newer command waits until a running older command has ended", async () => {
  const words = [
    "sh",
    "-c",
    'touch "$1/begun"; while [ ! -e "$1/go" ]; do sleep 0.02; done; touch "$1/ended"',
    "sh",
    root,
  ];
  const [program = "", ...args] = fencedCommand(remoteOf("3 aa"), words).map(String);
  const older = spawn(program, args);
  await vi.waitFor(() => expect(existsSync(join(root, "begun"))).toBe(true), 10_000);
  const remote = remoteOf("4 bb", ["3 aa"]);
  const newer = probeFenced(remote, ["test", "-e", join(root, "ended")], async (argv) => {
    const [name = "", ...rest] = argv.map(String);
    const child = spawn(name, rest);
    let stderr = "";
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    const code = await new Promise<number>((resolve) => child.once("close", (ended) => resolve(ended ?? -1)));
    return { code, stdout: "", stderr, durationMs: 0 };
  });
  expect(record()).toBe("3 aa\n{}\n");
  writeFileSync(join(root, "go"), "");
  expect(await newer).toMatchObject({ code: 0 });
  await vi.waitFor(() => expect(older.exitCode).toBe(0), 10_000);
});

it("a command without a fence is unchanged, and no record is written if the directory is missing", () => {
  expect(fencedCommand(fakeRemote({ root }), ["true"])).toEqual(["true"]);
  rmSync(root, { recursive: true });
  expect(run(fencedCommand(remoteOf("3 aa"), ["true"])).code).toBe(0);
  expect(existsSync(root)).toBe(false);
  execFileSync("mkdir", [root]);
});

it("a sync writes its record into the directory that it creates, so an older sync is refused", () => {
  const missing = join(root, "deep", "bucket");
  const remote = { ...remoteOf("3 aa"), root: missing };
  setFence(remote, { line: "3 aa", text: "3 aa\n{}\n", expected: "3 aa", admit() {} });
  expect(run(fencedCommand(remote, ["true"])).code).toBe(0);
  expect(existsSync(missing)).toBe(false);
  expect(run(fencedCommand(remote, ["true"], { makesRoot: true })).code).toBe(0);
  expect(readFileSync(join(missing, "fence"), "utf8")).toBe("3 aa\n{}\n");
  expect(statSync(missing).mode & 0o777).toBe(0o755);
  const late = { ...remote };
  setFence(late, { line: "2 bb", text: "2 bb\n{}\n", expected: "2 bb", admit() {} });
  expect(run(fencedCommand(late, ["true"], { makesRoot: true })).code).toBe(FENCED_EXIT);
});

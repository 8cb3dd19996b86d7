import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAAND } from "../support/bucket/maand.ts";
import { freePort } from "../support/fleet/range.ts";
import { page } from "./pages.ts";
import { missingLines, outputsOf, tutorialOf } from "./tutorial.ts";

/** Types docs/tutorial-cluster.md, and compares the output with the page. */
const { steps, script } = tutorialOf(page("docs/tutorial-cluster.md"));
const HOSTS = ["127.0.0.51", "127.0.0.52", "127.0.0.53"];

const place = mkdtempSync(join(tmpdir(), "maand-tutorial-"));
let ended: { readonly code: number | null; readonly printed: string };

beforeAll(async () => {
  mkdirSync(join(place, "bin"));
  symlinkSync(MAAND, join(place, "bin/maand"));
  const port = String(await freePort(HOSTS[0] ?? ""));
  ended = await typed(script.replaceAll("7201", port));
}, 240_000);

afterAll(() => {
  for (const pid of processesBelow(place)) process.kill(pid, "SIGKILL");
  rmSync(place, { recursive: true, force: true });
});

describe("docs/tutorial-cluster.md", () => {
  it("can be typed to its end", () => expect(ended.code, ended.printed).toBe(0));

  it.each(steps.map((step, at) => ({ ...step, at })))("prints the documented output: $code", ({ prints, at }) => {
    const output = outputsOf(ended.printed)[at] ?? "";
    expect(missingLines(prints, output), output).toEqual([]);
  });

  it("prints the documented output for most steps", () => {
    expect(steps.filter(({ prints }) => prints.length > 0).length).toBeGreaterThan(3);
  });

  it("upgrades one node after another: each node is up before the next one restarts", () => {
    const upgrade = outputsOf(ended.printed).find((output) => output.includes("follower 2.0.0")) ?? "";
    const turns = [...upgrade.matchAll(/(127\.0\.0\.5\d) is up/g)].map(([, host]) => host);
    expect(turns).toEqual(["127.0.0.52", "127.0.0.53", "127.0.0.51"]);
  });

  it("never shows the password", () => {
    expect(ended.printed).not.toMatch(/"password": "[^"]/);
  });

  it("leaves nothing running", () => expect(processesBelow(place)).toEqual([]));
});

async function typed(lines: string) {
  const env = { PATH: `${join(place, "bin")}:${process.env.PATH}`, HOME: place, LANG: "C.UTF-8" };
  const child = spawn("bash", ["-c", lines], { cwd: place, env, stdio: ["ignore", "pipe", "pipe"] });
  const code = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { printed: await text(child.stdout), code: await code };
}

/** Processes whose current directory is somewhere below a directory. */
function processesBelow(directory: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && directoryOf(name).startsWith(`${directory}/`))
    .map(Number);
}

function directoryOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAAND } from "../support/bucket/maand.ts";
import { freePort } from "../support/fleet/range.ts";
import { page } from "./pages.ts";
import { missingLines, outputsOf, tutorialOf } from "./tutorial.ts";
import { processesBelow, type Typed, typeIn } from "./type-in.ts";

/** Types docs/tutorial-cluster.md, and compares the output with the page. */
const { steps, script } = tutorialOf(page("docs/tutorial-cluster.md"));
const HOSTS = ["127.0.0.51", "127.0.0.52", "127.0.0.53"];

const place = mkdtempSync(join(tmpdir(), "maand-tutorial-"));
let ended: Typed;

beforeAll(async () => {
  mkdirSync(join(place, "bin"));
  symlinkSync(MAAND, join(place, "bin/maand"));
  const port = String(await freePort(HOSTS[0] ?? ""));
  ended = await typeIn(place, script.replaceAll("7201", port));
});

afterAll(() => {
  for (const pid of processesBelow(place)) process.kill(pid, "SIGKILL");
  rmSync(place, { recursive: true, force: true });
});

describe("docs/tutorial-cluster.md", () => {
  it("contains commands that all succeed", () => expect(ended.code, ended.printed).toBe(0));

  it.each(steps.map((step, at) => ({ ...step, at })))("prints the documented output: $code", ({ prints, at }) => {
    const output = outputsOf(ended.printed)[at] ?? "";
    expect(missingLines(prints, output), output).toEqual([]);
  });

  it("documents the output of most steps", () => {
    expect(steps.filter(({ prints }) => prints.length > 0).length).toBeGreaterThan(3);
  });

  it("upgrades one node after another, and restarts a node only after the previous one is up", () => {
    const upgrade = outputsOf(ended.printed).find((output) => output.includes("follower 2.0.0")) ?? "";
    const turns = [...upgrade.matchAll(/(127\.0\.0\.5\d) is up/g)].map(([, host]) => host);
    expect(turns).toEqual(["127.0.0.52", "127.0.0.53", "127.0.0.51"]);
  });

  it("never prints the password", () => {
    expect(ended.printed).not.toMatch(/"password": "[^"]/);
  });

  it("ends all processes that it starts", () => expect(processesBelow(place)).toEqual([]));
});

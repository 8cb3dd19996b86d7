import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

describe("npm run simulate", () => {
  it("simulates the given seeds, and prints their number", () => {
    const { status, output } = simulate("--seeds", "3", "--from", "7");
    expect(output).toContain("3 seeds from 7");
    expect(status).toBe(0);
  });

  it("prints the seed that finds a planted fault", () => {
    const { status, output } = simulate("--seeds", "10", "--flaw", "claim-not-synced");
    expect(output).toContain("claim-not-synced: found by seed 8");
    expect(status).toBe(0);
  });

  it("fails if no seed finds the planted fault", () => {
    const { status, output } = simulate("--seeds", "3", "--flaw", "claim-not-synced");
    expect(output).toContain("no seed finds claim-not-synced");
    expect(status).toBe(1);
  });

  it.each([
    [["--flaw", "no-such-fault"], 'unknown fault "no-such-fault"; known: fence-unchecked'],
    [["--seeds", "many"], '--seeds needs a number above zero, not "many"'],
    [["--sedes", "3"], "Unknown option '--sedes'"],
  ])("refuses %s", (args, reason) => {
    const { status, output } = simulate(...args);
    expect(output).toContain(reason);
    expect(status).toBe(2);
  });
});

function simulate(...args: readonly string[]): { readonly status: number | null; readonly output: string } {
  const cwd = new URL("../..", import.meta.url).pathname;
  const { status, stdout, stderr } = spawnSync("node", ["scripts/simulate.mjs", ...args], { cwd, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

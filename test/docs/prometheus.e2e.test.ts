import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAAND } from "../support/bucket/maand.ts";
import { freePort } from "../support/fleet/range.ts";
import { page } from "./pages.ts";
import { missingLines, outputsOf, tutorialOf } from "./tutorial.ts";
import { processesBelow, type Typed, typeIn } from "./type-in.ts";

/** Types docs/prometheus.md with a real Prometheus, and compares the output with the page. */
const { steps, script } = tutorialOf(page("docs/prometheus.md"));
const FIRST = "127.0.0.61";

const place = mkdtempSync(join(tmpdir(), "maand-prometheus-"));
let ended: Typed;

describe("docs/prometheus.md", { skip: !existsSync("/usr/bin/prometheus") }, () => {
  beforeAll(async () => {
    mkdirSync(join(place, "bin"));
    symlinkSync(MAAND, join(place, "bin/maand"));
    const [metrics, server] = [await freePort(FIRST), await freePort(FIRST)];
    ended = await typeIn(place, script.replaceAll("7301", String(metrics)).replaceAll("7302", String(server)));
    const asWritten = ended.printed.replaceAll(String(metrics), "7301").replaceAll(String(server), "7302");
    ended = { ...ended, printed: asWritten };
  });

  afterAll(() => {
    for (const pid of processesBelow(place)) process.kill(pid, "SIGKILL");
    rmSync(place, { recursive: true, force: true });
  });

  it("contains commands that all succeed", () => expect(ended.code, ended.printed).toBe(0));

  it.each(steps.map((step, at) => ({ ...step, at })))("prints the documented output: $code", ({ prints, at }) => {
    const output = outputsOf(ended.printed)[at] ?? "";
    expect(missingLines(prints, output), output).toEqual([]);
  });

  it("ends all processes that it starts", () => expect(processesBelow(place)).toEqual([]));
});

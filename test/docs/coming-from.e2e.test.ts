import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAAND } from "../support/bucket/maand.ts";
import { page } from "./pages.ts";
import { missingLines, outputsOf, tutorialOf } from "./tutorial.ts";
import { processesBelow, type Typed, typeIn } from "./type-in.ts";

/**
 * Types the examples of docs/coming-from, with directories of this machine as workers. The examples with a container or a unit only
 * do a dry run, so that the test needs neither Docker nor systemd.
 */
const PAGES = ["kamal", "ansible", "nomad", "capistrano"] as const;
const HOSTS = ["127.0.0.71", "127.0.0.72"] as const;

const place = mkdtempSync(join(tmpdir(), "maand-coming-from-"));

afterAll(() => {
  for (const pid of processesBelow(place)) process.kill(pid, "SIGKILL");
  rmSync(place, { recursive: true, force: true });
});

describe.each(PAGES)("docs/coming-from/%s.md", (name) => {
  const { path, text } = page(`docs/coming-from/${name}.md`);
  const { steps, script } = tutorialOf({ path, text: here(text) });
  let ended: Typed;

  beforeAll(async () => {
    const home = join(place, name);
    mkdirSync(join(home, "bin"), { recursive: true });
    symlinkSync(MAAND, join(home, "bin/maand"));
    ended = await typeIn(home, script);
  });

  it("has an example that runs to its end", () => expect(ended.code, ended.printed).toBe(0));

  it("documents the output of its commands", () => {
    const outputs = outputsOf(ended.printed);
    expect(steps.some(({ prints }) => prints.length > 0)).toBe(true);
    expect(
      steps.flatMap(({ prints }, at) => missingLines(prints, outputs[at] ?? "")),
      ended.printed,
    ).toEqual([]);
  });

  it("gives the date of its facts, and lists what the other tool does better", () => {
    expect(text).toMatch(
      /documentation\s+as\s+of\s+(January|February|March|April|May|June|July|August|September|October|November|December)\s+\d{4}/,
    );
    expect(text).toMatch(/\n## What \w+ does better\n\n(- .*\n( {2}.*\n)*){4,}/);
  });
});

/** Replaces the workers of a page with directories of this machine. */
function here(text: string): string {
  return HOSTS.reduce((all, host, at) => all.replaceAll(`10.0.0.${at + 1}`, host), text)
    .replace(/maand worker add .*/, "$& --transport local")
    .replace(/^(127\.\S+)$/gm, "$1 ansible_connection=local");
}

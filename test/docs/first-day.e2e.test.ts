import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAAND } from "../support/bucket/maand.ts";
import { FRESH_SSHD, makeFresh } from "../support/fleet/fresh.ts";
import { useFleet } from "../support/fleet/use-fleet.ts";
import { page } from "./pages.ts";
import { missingLines, outputsOf, tutorialOf } from "./tutorial.ts";
import { type Typed, typeIn } from "./type-in.ts";

/** Types docs/first-day.md on three workers without a key and rsync. Only the addresses are replaced. */
const used = useFleet(3, { sshdConfig: FRESH_SSHD });
const PASSWORD = "the-password-of-root";
const PAGE = page("docs/first-day.md");
const STEPS = tutorialOf(PAGE).steps;

const place = mkdtempSync(join(tmpdir(), "maand-first-day-"));
let ended: Typed;
let hosts: readonly string[];

const here = (text: string) => hosts.reduce((all, host, at) => all.replaceAll(`10.0.0.${at + 1}`, host), text);

beforeAll(async () => {
  const { workers } = used.fleet();
  hosts = workers.map(({ host }) => host);
  for (const worker of workers) await makeFresh(used.fleet(), worker, { password: PASSWORD });
  mkdirSync(join(place, "bin"));
  symlinkSync(MAAND, join(place, "bin/maand"));
  mkdirSync(join(place, ".ssh"), { mode: 0o700 });
  const ports = workers.map(({ host, port }) => `Host ${host}\n  Port ${port}\n`);
  writeFileSync(join(place, ".ssh/config"), ports.join(""), { mode: 0o600 });
  const { script } = tutorialOf({ ...PAGE, text: here(PAGE.text) });
  ended = await typeIn(place, `ROOT_PASSWORD=${PASSWORD}\n${script}`);
});

afterAll(() => rmSync(place, { recursive: true, force: true }));

describe("docs/first-day.md", () => {
  it("contains commands that all succeed", () => expect(ended.code, ended.printed).toBe(0));

  it.each(STEPS.map((step, at) => ({ ...step, at })))("prints the documented output: $code", ({ prints, at }) => {
    const output = outputsOf(ended.printed)[at] ?? "";
    expect(missingLines(prints.map(here), output), output).toEqual([]);
  });

  it("documents the output of most steps that change anything", () => {
    expect(STEPS.filter(({ prints }) => prints.length > 0).length).toBeGreaterThan(4);
  });

  it("runs without printing the password or the secret", () => {
    expect(ended.printed).not.toContain(PASSWORD);
    expect(ended.printed).not.toMatch(/"token": "[0-9a-f]{32}"/);
  });
});

import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { progressMode } from "./progress-mode.ts";

type Place = Parameters<typeof progressMode>[0];

const TERMINAL = Object.assign(new PassThrough(), { isTTY: true });

function mode(over: Partial<Place> = {}) {
  return progressMode({ stderr: TERMINAL, env: { TERM: "xterm" }, quiet: false, progress: undefined, ...over });
}

it("the progress mode is live on a terminal, and lines elsewhere", () => {
  expect(mode()).toBe("live");
  expect(mode({ stderr: new PassThrough() })).toBe("lines");
  expect(mode({ quiet: true })).toBe("lines");
});

it("the progress mode is lines in CI and on terminals without cursor movement", () => {
  for (const env of [
    { CI: "true" },
    { CI: "1" },
    { GITHUB_ACTIONS: "true" },
    { GITLAB_CI: "true" },
    { TF_BUILD: "True" },
  ])
    expect(mode({ env: { TERM: "xterm", ...env } })).toBe("lines");
  for (const env of [{}, { TERM: "dumb" }, { TERM: "" }]) expect(mode({ env })).toBe("lines");
  expect(mode({ env: { TERM: "xterm", CI: "false", NO_COLOR: "1" } })).toBe("live");
});

it("--progress takes precedence over MAAND_PROGRESS", () => {
  expect(mode({ progress: "lines" })).toBe("lines");
  expect(mode({ env: { TERM: "xterm", MAAND_PROGRESS: "lines" } })).toBe("lines");
  expect(mode({ env: { TERM: "xterm", MAAND_PROGRESS: "lines" }, progress: "live" })).toBe("live");
  expect(mode({ env: { TERM: "xterm", MAAND_PROGRESS: "" } })).toBe("live");
  expect(mode({ env: { CI: "true" }, progress: "live" })).toBe("live");
  expect(mode({ stderr: new PassThrough(), progress: "live" })).toBe("lines");
  expect(mode({ stderr: new PassThrough(), progress: "json", quiet: true })).toBe("json");
});

it("an invalid progress mode is refused, and the error names the flag or variable", () => {
  expect(() => mode({ progress: "lives" })).toThrow("--progress lives is not valid");
  expect(() => mode({ env: { MAAND_PROGRESS: "none" } })).toThrow("MAAND_PROGRESS=none is not valid");
});

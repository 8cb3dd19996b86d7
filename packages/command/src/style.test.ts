import { expect, it } from "vitest";
import { styleFor } from "./style.ts";

const terminal = { isTTY: true };
const isColoured = (...[stream, env, noColor]: Parameters<typeof styleFor>) =>
  styleFor(stream, env, noColor).good("ok") !== "ok";

it("a terminal that supports colour gets colour", () => {
  expect(isColoured(terminal, {}, false)).toBe(true);
  expect(isColoured(terminal, { TERM: "dumb" }, false)).toBe(false);
  expect(isColoured({}, {}, false)).toBe(false);
});

it("FORCE_COLOR switches colour on and off anywhere", () => {
  for (const on of ["1", "3", "true", ""]) expect(isColoured({}, { FORCE_COLOR: on, TERM: "dumb" }, false)).toBe(true);
  for (const off of ["0", "false"]) expect(isColoured(terminal, { FORCE_COLOR: off }, false)).toBe(false);
});

it("NO_COLOR and --no-color take precedence over FORCE_COLOR", () => {
  expect(isColoured(terminal, { NO_COLOR: "1", FORCE_COLOR: "1" }, false)).toBe(false);
  expect(isColoured(terminal, { FORCE_COLOR: "1" }, true)).toBe(false);
  expect(isColoured(terminal, { NO_COLOR: "" }, false)).toBe(true);
});

it("good and bad texts are cyan and bold red, which colour-blind people can distinguish", () => {
  const { good, bad } = styleFor(terminal, {}, false);
  expect(good("x")).toBe("\u001b[36mx\u001b[39m");
  expect(bad("x")).toBe("\u001b[1m\u001b[31mx\u001b[39m\u001b[22m");
});

import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { OWN_WORDS } from "../commands/index.ts";
import { STOCK_COMMANDS } from "../run/stock-commands.ts";

const { WORDS }: { WORDS: ReadonlySet<string> } = createRequire(import.meta.url)("../../bin/compiled.js");

it("the list of commands with their own compiled code contains the first word of every command", () => {
  const all = [...OWN_WORDS, ...Object.keys(STOCK_COMMANDS)].map((path) => path.split(" ")[0] ?? "");
  expect([...WORDS].sort()).toEqual([...new Set(all)].sort());
});

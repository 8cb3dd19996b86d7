import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { aBucket } from "@maand/core/testing";
import { expect, it } from "vitest";
import { linked, showsLinks } from "./hyperlinks.ts";

const terminal = { isTTY: true };

it("links are printed only on terminals that are known to support them", () => {
  for (const env of [
    { TERM_PROGRAM: "iTerm.app" },
    { VTE_VERSION: "7006" },
    { TERM: "xterm-kitty" },
    { WT_SESSION: "1" },
  ])
    expect(showsLinks(terminal, env)).toBe(true);
  for (const env of [{}, { TERM: "xterm-256color" }, { VTE_VERSION: "4800" }, { TERM: "linux" }])
    expect(showsLinks(terminal, env)).toBe(false);
  for (const outer of [{ TMUX: "/tmp/x" }, { STY: "1" }, { CI: "true" }])
    expect(showsLinks(terminal, { TERM: "xterm-kitty", ...outer })).toBe(false);
  expect(showsLinks({}, { TERM: "xterm-kitty" })).toBe(false);
});

it("FORCE_HYPERLINK enables or disables links on other terminals", () => {
  expect(showsLinks({}, { FORCE_HYPERLINK: "1" })).toBe(true);
  expect(showsLinks(terminal, { TERM: "xterm-kitty", FORCE_HYPERLINK: "0" })).toBe(false);
});

it("paths of existing files become links, and other text stays unchanged", () => {
  const bucket = aBucket();
  try {
    writeFileSync(join(bucket.root, "workspace/bucket.conf"), "");
    const [line] = linked(["hint: check workspace/bucket.conf, or workspace/gone.conf"], bucket.root);
    const [open, close] = [`\u001b]8;;file://${bucket.root}/workspace/bucket.conf\u001b\\`, "\u001b]8;;\u001b\\"];
    expect(line).toBe(`hint: check ${open}workspace/bucket.conf${close}, or workspace/gone.conf`);
  } finally {
    bucket.dispose();
  }
});

it("no path becomes a link outside of a bucket", () => {
  expect(linked(["workspace/bucket.conf"], "/")).toEqual(["workspace/bucket.conf"]);
});

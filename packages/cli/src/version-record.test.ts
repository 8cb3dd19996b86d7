import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { STORE_VERSION } from "@maand/core/readonly";
import { expect, it } from "vitest";
import { typedIn } from "./run/typed.test.support.ts";

const maand = typedIn(tmpdir());
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));

it.each([["--version"], ["-v"]])("maand %s prints only the version", async (flag) => {
  expect(await maand(flag)).toEqual({ code: 0, out: `${version}\n`, err: "" });
});

it.each([[["--version", "--json"]], [["--json", "--version"]]])(
  "maand %s prints all versions, even outside of a bucket",
  async (argv) => {
    const { code, out } = await maand(...argv);
    expect(code).toBe(0);
    const record = JSON.parse(out);
    expect(record).toMatchObject({
      maand: version,
      node: process.versions.node,
      node_path: process.execPath,
      platform: `linux-${process.arch}`,
      store: STORE_VERSION,
      problem: null,
    });
    expect(record.sqlite).toMatch(/^3\.\d+\.\d+$/);
    expect(record.commit === null || /^[0-9a-f]{40}$/.test(record.commit)).toBe(true);
    expect(record.packages["@maand/core"]).toBe(version);
    expect(Object.values(record.packages)).not.toContain(null);
  },
);

it("maand --version with an argument is refused", async () => {
  expect((await maand("--version", "build")).code).toBe(2);
});

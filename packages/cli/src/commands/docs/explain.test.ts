import { tmpdir } from "node:os";
import { ERROR_CODES } from "@maand/core/internal";
import { expect, it } from "vitest";
import { errorPages } from "../../error-pages.ts";
import { typedIn } from "../../run/typed.test.support.ts";

const maand = typedIn(tmpdir());

it("maand explain has a plain-text page for every error code and every problem", async () => {
  const pages: { code: string; exit: number | null; text: string }[] = JSON.parse(
    (await maand("explain", "--json")).out,
  );
  expect(pages.flatMap(({ code, exit }) => (exit === null ? [] : [code]))).toEqual(Object.keys(ERROR_CODES));
  expect(pages.filter(({ exit }) => exit === null).length).toBeGreaterThan(70);
  expect(pages.filter(({ text }) => text.length < 20 || /\]\(|`|^\(\d|\(w\)/.test(text))).toEqual([]);
  expect(new Set(errorPages().map(({ code }) => code)).size).toBe(errorPages().length);
});

it.each(["TREE_CHANGED", "tree_changed"])("maand explain %s prints the explanation", async (code) => {
  expect(await maand("explain", code)).toEqual({
    code: 0,
    err: "",
    out: [
      "TREE_CHANGED (exit code 1)",
      "",
      "The staged files on this machine differ from the plan, so maand sent nothing. Another program has",
      "written to tmp/ of the bucket, or the disk is full. Deploy again.",
      "",
    ].join("\n"),
  });
});

it("maand explain distinguishes a problem of a build from a warning", async () => {
  expect((await maand("explain", "unknown_job")).out).toBe("unknown_job\n\nProblem: a flag names an unknown job.\n");
  expect((await maand("explain", "unknown_key")).out).toContain("Warning: an unknown key");
});

it("maand explain fits a narrow screen", async () => {
  const { out } = await typedIn(tmpdir(), undefined, 40)("explain", "HOST_KEY_CHANGED");
  expect(out.split("\n").filter(({ length }) => length > 40)).toEqual([]);
});

it.each([
  ["UNREACHABL", 'did you mean "UNREACHABLE"?'],
  ["nonsense-at-all", "to list all codes, run maand explain"],
  ["acme/NO_TOKEN", "see its documentation"],
])("maand explain %s fails with a hint", async (code, hint) => {
  const { code: exit, err } = await maand("explain", code);
  expect([exit, err]).toEqual([2, expect.stringContaining(hint)]);
});

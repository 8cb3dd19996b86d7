import { createHash } from "node:crypto";
import type { FoundFile, TreeFile } from "@maand/core";
import { expect, it } from "vitest";
import { md5 } from "../go-store/md5.ts";
import { asRecorded, compare } from "./compare.ts";
import type { Comparison } from "./judge.ts";

const sha = (text: string) => createHash("sha256").update(text).digest("hex");

/** A file of the workspace; with `rendered`, a file that a plugin rendered. */
function wanted(path: string, text: string, rendered = false): TreeFile & { readonly text: string } {
  const content = rendered ? { content: Buffer.from(text) } : {};
  return { path, hash: sha(text), executable: false, size: text.length, text, ...content };
}

function found(path: string, text: string, mode = 0o755): FoundFile {
  return { path, hash: sha(text), md5: md5(Buffer.from(text)), size: text.length, mode, content: Buffer.from(text) };
}

function compared(files: readonly (TreeFile & { readonly text: string })[], over: Partial<Comparison>) {
  const texts = new Map(files.map((file) => [file.path, file.text]));
  const { pending, refusals, meaningless, baseline } = compare({
    wanted: files,
    found: [],
    deployed: new Map(),
    templates: new Map(),
    isNewVersion: false,
    changedSources: undefined,
    read: ({ path }) => Buffer.from(texts.get(path) ?? ""),
    ...over,
  });
  return {
    pending,
    refused: refusals.map(({ path, why }) => `${path}: ${why}`),
    meaningless: [...meaningless].sort(),
    baseline: baseline.map(({ path, hash }) => `${path} ${hash.slice(0, 6)}`),
  };
}

const deployed = (entries: Readonly<Record<string, string>>) =>
  new Map(Object.entries(entries).map(([path, text]) => [path, md5(Buffer.from(text))]));
const named = (path: string, text: string) => `${path} ${sha(text).slice(0, 6)}`;

it("an equal file is recorded as promoted, regardless of its permissions", () => {
  expect(compared([wanted("Makefile", "a")], { found: [found("Makefile", "a")] })).toEqual({
    pending: [],
    refused: [],
    meaningless: ["permissions"],
    baseline: [named("Makefile", "a")],
  });
});

it("a certificate without its final newline is equal", () => {
  const files = [wanted("certs/ca.crt", "PEM\n", true)];
  const result = compared(files, { found: [found("certs/ca.crt", "PEM", 0o644)] });
  expect(result).toMatchObject({ pending: [], refused: [], meaningless: ["final newlines of certificates"] });
  expect(result.baseline).toEqual([named("certs/ca.crt", "PEM\n")]);
});

it("any other file without its final newline is pending", () => {
  const files = [wanted("app.conf", "a\n")];
  expect(compared(files, { found: [found("app.conf", "a")], deployed: deployed({ "app.conf": "a" }) })).toMatchObject({
    pending: ["app.conf"],
    baseline: [named("app.conf", "a")],
  });
});

it("a file that changed in the workspace since the last deploy is pending, and keeps its promoted content", () => {
  const files = [wanted("page", "new")];
  expect(compared(files, { found: [found("page", "old")], deployed: deployed({ page: "old" }) })).toMatchObject({
    pending: ["page"],
    refused: [],
    baseline: [named("page", "old")],
  });
});

it("files that were added or deleted in the workspace since the last deploy are pending", () => {
  const over = { found: [found("gone", "x"), found("run.pid", "1")], deployed: deployed({ gone: "x" }) };
  expect(compared([wanted("fresh", "y")], over)).toMatchObject({
    pending: ["fresh", "gone"],
    baseline: [named("gone", "x")],
  });
});

it.each([
  ["edited", [found("page", "by hand")], "page: it was changed on the worker since the last deploy"],
  ["deleted", [], "page: it was deleted on the worker since the last deploy"],
])("a file that was %s on the worker is refused", (_, there, refusal) => {
  const result = compared([wanted("page", "old")], { found: there, deployed: deployed({ page: "old" }) });
  expect(result).toMatchObject({ pending: [], refused: [refusal], baseline: [named("page", "old")] });
});

const TEMPLATE = "{{ .Job }}";
const rendered = {
  found: [found("app.conf", "by Go")],
  deployed: deployed({ "app.conf": "by Go", "app.conf.tpl": TEMPLATE }),
  templates: deployed({ "app.conf.tpl": TEMPLATE }),
};

it("a file that is rendered differently from the same template is refused", () => {
  expect(compared([wanted("app.conf", "by us", true)], rendered)).toMatchObject({
    refused: ["app.conf: it is rendered differently from how the Go program rendered it"],
    baseline: [named("app.conf", "by us")],
  });
});

it.each([
  ["its template changed", { templates: deployed({ "app.conf.tpl": "other" }) }, []],
  ["the version of its job changes", { isNewVersion: true }, []],
  ["another file of the job changed", {}, [wanted("vars.toml", "new")]],
])("a rendered file is pending if %s", (_, over, more) => {
  const there = [...rendered.found, found("vars.toml", "old")];
  const before = new Map([...rendered.deployed, ...deployed({ "vars.toml": "old" })]);
  const files = [wanted("app.conf", "by us", true), ...more];
  const result = compared(files, { ...rendered, found: there, deployed: before, ...over });
  expect(result.refused).toEqual([]);
  expect(result.pending).toContain("app.conf");
});

it("the files of an unreachable worker are compared by their recorded checksums", () => {
  const before = deployed({ Makefile: "a", "certs/ca.crt": "PEM", "app.conf.tpl": TEMPLATE, page: "old" });
  const files = [wanted("Makefile", "a"), wanted("certs/ca.crt", "PEM\n", true), wanted("page", "new")];
  const result = compared(files, { found: asRecorded(before), deployed: before });
  expect(result).toMatchObject({ pending: ["page"], refused: [], meaningless: ["final newlines of certificates"] });
  // only the recorded MD5 of the file on the worker is known
  expect(result.baseline).toEqual([named("Makefile", "a"), named("certs/ca.crt", "PEM\n"), "page md5-14"]);
});

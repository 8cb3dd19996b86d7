import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFence } from "@maand/core/internal";
import { fakeRemote } from "@maand/core/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { takeFence } from "./take-fence.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-local-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const file = () => join(root, "fence");

/** The connection of a command with this line, and the records that it found. */
function commandOf(line: string, admits: (found: string) => void = () => {}) {
  const remote = fakeRemote({ root });
  const found: string[] = [];
  const admit = (record: string) => {
    found.push(record);
    admits(record);
  };
  setFence(remote, { line, text: `${line}\n{}\n`, expected: line, admit });
  return { take: () => takeFence(remote), found };
}

it("takeFence writes a private record, once", async () => {
  const command = commandOf("3 aa");
  await command.take();
  await command.take();
  expect([readFileSync(file(), "utf8"), statSync(file()).mode & 0o777]).toEqual(["3 aa\n{}\n", 0o600]);
  expect(command.found).toEqual([""]);
  expect(readdirSync(root)).toEqual(["fence"]);
});

it("takeFence replaces an admitted record and keeps a record that is not admitted", async () => {
  await commandOf("3 aa").take();
  const refuse = () => {
    throw new Error("refused");
  };
  await expect(commandOf("4 bb", refuse).take()).rejects.toThrow("refused");
  expect(readFileSync(file(), "utf8")).toBe("3 aa\n{}\n");
  const next = commandOf("4 bb");
  await next.take();
  expect([next.found, readFileSync(file(), "utf8")]).toEqual([["3 aa\n{}\n"], "4 bb\n{}\n"]);
});

it("takeFence does not trust a record that other users can write", async () => {
  writeFileSync(file(), "3 aa\n{}\n");
  chmodSync(file(), 0o666);
  const command = commandOf("4 bb");
  await command.take();
  expect(command.found).toEqual(["!it is not a private file"]);
});

it("takeFence does nothing for a connection without a fence", async () => {
  await takeFence(fakeRemote({ root }));
  expect(readdirSync(root)).toEqual([]);
});

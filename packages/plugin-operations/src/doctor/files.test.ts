import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bucketPaths } from "@maand/core/internal";
import { afterEach, beforeEach, expect, it } from "vitest";
import { examineFiles } from "./files.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-doctor-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const found = () => examineFiles(bucketPaths(root), false).filter(({ check }) => check === "tmp");

it("doctor suggests deleting the files that a killed run left behind in tmp, but no other files", () => {
  mkdirSync(join(root, "tmp", "my-notes"), { recursive: true });
  expect(found()).toMatchObject([{ ok: true }]);
  const left = join(root, "tmp", randomUUID());
  mkdirSync(left);
  expect(found()).toMatchObject([{ ok: false, hint: `rm -rf ${left}` }]);
});

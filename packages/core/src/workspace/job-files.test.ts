import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Problem } from "../domain/checks/problem.ts";
import { contentHash } from "../domain/deploy/digest.ts";
import { ChangedContents } from "./changed-contents.ts";
import { filePieces, PIECE_BYTES } from "./file-pieces.ts";
import { readJobFiles } from "./job-files.ts";

const MB = 1024 * 1024;
let workspace = "";
let directory = "";

beforeEach(() => {
  workspace = join(mkdtempSync(join(tmpdir(), "maand-job-files-")), "workspace");
  directory = join(workspace, "jobs", "api");
  mkdirSync(directory, { recursive: true });
});

afterEach(() => rmSync(dirname(workspace), { recursive: true }));

interface Reading {
  readonly maxBytes?: number;
  readonly ignored?: readonly string[];
  /** Called for every path after it was listed and before it is read. */
  readonly onListed?: (path: string) => void;
}

function read(options: Reading = {}) {
  const problems: Problem[] = [];
  const { maxBytes = 1024 * MB, ignored = [], onListed } = options;
  const report = (problem: Problem) => problems.push(problem);
  const isIgnored = (path: string) => {
    onListed?.(path);
    return ignored.includes(path);
  };
  const files = readJobFiles({ job: "api", directory, before: new Map(), isIgnored, maxBytes, report });
  return { files, printed: problems.map(({ where, message }) => `${where} ${message}`) };
}

function sparse(name: string, size: number): void {
  writeFileSync(join(directory, name), "");
  truncateSync(join(directory, name), size);
}

describe("a path that disappears while the job is read", () => {
  it("is reported by name, because a deploy would delete it on workers", () => {
    for (const name of ["Makefile", "app.conf"]) writeFileSync(join(directory, name), "");
    mkdirSync(join(directory, "conf"));
    const vanish = (path: string) => path !== "Makefile" && rmSync(join(directory, path), { recursive: true });
    expect(read({ onListed: vanish })).toMatchObject({
      files: [{ path: "Makefile" }],
      printed: [
        expect.stringMatching(/^workspace\/jobs\/api\/(app.conf|conf) disappeared while being read$/),
        expect.stringMatching(/^workspace\/jobs\/api\/(app.conf|conf) disappeared while being read$/),
      ],
    });
  });

  it("is reported if it is the directory of the job", () => {
    rmSync(directory, { recursive: true });
    expect(read().printed).toEqual([expect.stringContaining("disappeared while being read")]);
  });

  it("does not block the build if it is replaced with a pipe", () => {
    writeFileSync(join(directory, "app.conf"), "");
    const swap = (path: string) => {
      rmSync(join(directory, path));
      spawnSync("mkfifo", [join(directory, path)]);
    };
    expect(read({ onListed: swap }).printed).toEqual(["workspace/jobs/api/app.conf cannot be read: EINVAL"]);
  });
});

describe("a file larger than max_file_size", () => {
  it("is refused with its name, its size and the limit, and the other files are read", () => {
    sparse("image.tar", 3 * 1024 * MB);
    writeFileSync(join(directory, "Makefile"), "start:\n");
    expect(read()).toMatchObject({
      files: [{ path: "Makefile" }],
      printed: ["workspace/jobs/api/image.tar is 3 GB, but max_file_size is 1 GB"],
    });
  });

  it("is accepted if it is exactly as large as the limit", () => {
    sparse("a", 2 * MB);
    sparse("b", 2 * MB + 1);
    expect(read({ maxBytes: 2 * MB })).toMatchObject({ files: [{ path: "a", size: 2 * MB }], printed: [/b has 2 MB/] });
  });

  it("is accepted if it is ignored", () => {
    sparse("image.tar", 2 * MB);
    expect(read({ maxBytes: MB, ignored: ["image.tar"] })).toEqual({ files: [], printed: [] });
  });
});

describe("a file of any size", () => {
  it("is read in pieces of at most 1 MiB", () => {
    const content = Buffer.alloc(2 * PIECE_BYTES + 5, "x");
    writeFileSync(join(directory, "large"), content);
    const pieces = [...filePieces(join(directory, "large"))];
    expect(Buffer.concat(pieces).equals(content)).toBe(true);
    expect(Math.max(...pieces.map((piece) => piece.length))).toBe(PIECE_BYTES);
    expect(read().files).toMatchObject([{ path: "large", hash: contentHash(content), size: content.length }]);
  });

  it("may be empty", () => {
    writeFileSync(join(directory, "empty"), "");
    expect(read().files).toMatchObject([{ path: "empty", hash: contentHash(""), size: 0 }]);
  });
});

describe("a link in a job", () => {
  it.each<[string, string, string]>([
    ["to itself", "x", "is a link to itself"],
    ["to its directory", ".", "is a link to a directory"],
    ["to the directory above", "..", "is a link to a directory"],
    ["to a missing file", "../web/none", "is a broken link"],
    ["to a file outside of the workspace", "/etc/hostname", "is a link that leaves the workspace"],
    ["to a device", "/dev/zero", "is a link to something that is neither a file nor a directory"],
  ])("%s is refused with its name", (_, target, message) => {
    symlinkSync(target, join(directory, "x"));
    expect(read()).toEqual({ files: [], printed: [`workspace/jobs/api/x ${message}`] });
  });

  it("to a file of the workspace counts as that file", () => {
    writeFileSync(join(workspace, "shared.conf"), "shared");
    symlinkSync("../../shared.conf", join(directory, "app.conf"));
    expect(read()).toMatchObject({ files: [{ path: "app.conf", hash: contentHash("shared") }], printed: [] });
  });

  it("to a fifo is refused without blocking", () => {
    expect(spawnSync("mkfifo", [join(workspace, "pipe")]).status).toBe(0);
    symlinkSync("../../pipe", join(directory, "x"));
    expect(read().printed).toEqual([
      "workspace/jobs/api/x is a link to something that is neither a file nor a directory",
    ]);
  });
});

describe("a file that is read after being listed", () => {
  function contentsOf(name: string, text: string): { readonly hash: string; readonly contents: ChangedContents } {
    const contents = new ChangedContents();
    const hash = contentHash(text);
    writeFileSync(join(directory, name), text);
    contents.add(hash, join(directory, name), `workspace/jobs/api/${name}`);
    return { hash, contents };
  }
  const refusal = { message: "workspace/jobs/api/a: was changed while being read", hint: undefined };

  it("has the listed content if it is unchanged", () => {
    const { hash, contents } = contentsOf("a", "text");
    expect(contents.read(hash)?.toString()).toBe("text");
    expect(contents.read("other")).toBeUndefined();
  });

  it("is refused with its name if it was changed or deleted", () => {
    const { hash, contents } = contentsOf("a", "text");
    writeFileSync(join(directory, "a"), "edit");
    expect(() => contents.read(hash)).toThrow(expect.objectContaining(refusal));
    rmSync(join(directory, "a"));
    expect(() => [...contents.pieces(hash)]).toThrow(expect.objectContaining(refusal));
  });
});

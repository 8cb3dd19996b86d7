import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkCode, checkOwner as checkParts } from "./trusted.ts";
import type { CurrentUser } from "./user.ts";

/** Needs root, to give files away. */
const asRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

let root: string;
let home: string;
let user: CurrentUser;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-owner-"));
  home = mkdtempSync(join(tmpdir(), "maand-home-"));
  user = { uid: 0, gids: [0], env: {}, home };
  mkdirSync(join(root, "data"));
  for (const file of ["data/maand.db", "maand.config.ts"]) writeFileSync(join(root, file), "");
});

const checkOwner = (bucket: string, by: CurrentUser) =>
  checkParts(bucket, [".", "data", "data/maand.db", "maand.config.ts"], by);

afterEach(() => {
  for (const directory of [root, home]) rmSync(directory, { recursive: true, force: true });
});

describe.runIf(asRoot)("a bucket of another user", () => {
  it.each([".", "data", "data/maand.db", "maand.config.ts"])("is refused when %s belongs to somebody else", (part) => {
    chownSync(join(root, part), NOBODY, NOBODY);
    expect(() => checkOwner(root, user)).toThrow(
      expect.objectContaining({ code: "BUCKET_NOT_TRUSTED", message: expect.stringContaining("belongs to nobody") }),
    );
  });

  it("is ours when it belongs to us, or to root", () => {
    expect(() => checkOwner(root, user)).not.toThrow();
    expect(() => checkOwner(root, { ...user, uid: NOBODY })).not.toThrow();
  });

  it("counts as ours when its owner called sudo", () => {
    chownSync(join(root, "maand.config.ts"), NOBODY, NOBODY);
    expect(() => checkOwner(root, { ...user, env: { SUDO_UID: String(NOBODY) } })).not.toThrow();
    expect(() => checkOwner(root, { ...user, uid: 1, env: { SUDO_UID: String(NOBODY) } })).toThrow();
  });

  it.each<[string, () => void, Record<string, string>]>([
    ["in the environment", () => {}, { MAAND_SAFE_DIRECTORIES: "/elsewhere:ROOT" }],
    ["all of them", () => {}, { MAAND_SAFE_DIRECTORIES: "*" }],
    [
      "in a file of the user's own",
      () => {
        mkdirSync(join(home, ".config/maand"), { recursive: true });
        writeFileSync(join(home, ".config/maand/safe-directories"), `/elsewhere\n${root}\n`);
      },
      {},
    ],
  ])("is trusted when it is listed: %s", (_, prepare, env) => {
    prepare();
    chownSync(root, NOBODY, NOBODY);
    const listed = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, value.replace("ROOT", root)]));
    expect(() => checkOwner(root, { ...user, env: listed })).not.toThrow();
    expect(() =>
      checkOwner(root, { ...user, env: { ...listed, MAAND_SAFE_DIRECTORIES: "/elsewhere" }, home: "/" }),
    ).toThrow();
  });

  it("is not checked on systems without user ids", () => {
    chownSync(root, NOBODY, NOBODY);
    chmodSync(root, 0o755);
    expect(() => checkOwner(root, { ...user, uid: undefined })).not.toThrow();
  });
});

describe.runIf(asRoot)("a file of code", () => {
  const check = (over: Partial<CurrentUser> = {}) => checkCode(root, join(root, "data/maand.db"), { ...user, ...over });

  it.each<[string, () => void, string | undefined]>([
    ["is ours", () => {}, undefined],
    ["may be written by all", () => chmodSync(join(root, "data/maand.db"), 0o646), "every user of this machine"],
    ["is in a directory that all may write", () => chmodSync(root, 0o777), "every user of this machine"],
    ["is in a directory like /tmp, where only owners replace files", () => chmodSync(root, 0o1777), undefined],
    ["may be written by our group", () => chmodSync(join(root, "data/maand.db"), 0o664), undefined],
    [
      "may be written by another group",
      () => {
        chownSync(join(root, "data"), 0, NOBODY);
        chmodSync(join(root, "data"), 0o775);
      },
      "the group nogroup",
    ],
    [
      "is a link of another user",
      () => {
        rmSync(join(root, "data/maand.db"));
        symlinkSync("/etc/hostname", join(root, "data/maand.db"));
        lchownSync(join(root, "data/maand.db"), NOBODY, NOBODY);
      },
      "belongs to nobody",
    ],
  ])("%s", (_, prepare, says) => {
    prepare();
    if (says === undefined) expect(() => check()).not.toThrow();
    else expect(() => check()).toThrow(expect.objectContaining({ message: expect.stringContaining(says) }));
  });

  it("may be written by the group of the user who called sudo", () => {
    chownSync(join(root, "data/maand.db"), NOBODY, NOBODY);
    chmodSync(join(root, "data/maand.db"), 0o664);
    const env = { SUDO_UID: String(NOBODY), SUDO_GID: String(NOBODY) };
    expect(() => check({ env })).not.toThrow();
    expect(() => check({ env: { SUDO_UID: String(NOBODY) } })).toThrow("the group nogroup");
  });
});

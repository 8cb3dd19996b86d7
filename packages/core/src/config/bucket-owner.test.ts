import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CurrentUser, checkOwner } from "./bucket-owner.ts";

/** Needs root, to give files away. */
const asRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

let root: string;
let home: string;
let user: CurrentUser;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-owner-"));
  home = mkdtempSync(join(tmpdir(), "maand-home-"));
  user = { uid: 0, env: {}, home };
  mkdirSync(join(root, "data"));
  for (const file of ["data/maand.db", "maand.config.ts"]) writeFileSync(join(root, file), "");
});

afterEach(() => {
  for (const directory of [root, home]) rmSync(directory, { recursive: true, force: true });
});

describe.runIf(asRoot)("a bucket of another user", () => {
  it.each([".", "data", "data/maand.db", "maand.config.ts"])("is refused if %s belongs to another user", (part) => {
    chownSync(join(root, part), NOBODY, NOBODY);
    expect(() => checkOwner(root, user)).toThrow(
      expect.objectContaining({ code: "BUCKET_NOT_TRUSTED", message: expect.stringContaining("belongs to nobody") }),
    );
  });

  it("is accepted if it belongs to the current user or to root", () => {
    expect(() => checkOwner(root, user)).not.toThrow();
    expect(() => checkOwner(root, { ...user, uid: NOBODY })).not.toThrow();
  });

  it("is accepted under sudo if it belongs to the calling user", () => {
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
  ])("is accepted if it is listed: %s", (_, prepare, env) => {
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

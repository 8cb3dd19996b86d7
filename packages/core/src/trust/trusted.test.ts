import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Accounts } from "./accounts.ts";
import { checkCode, checkOwner as checkParts } from "./trusted.ts";
import type { CurrentUser } from "./user.ts";

/** These tests need root to change the owners of files. */
const asRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const [ALICE, BOB, OPS, EMPTY, LDAP, UNKNOWN] = [2001, 2002, 3000, 3001, 3002, 3003] as const;

/** Alice and Bob, each with a group of their own, as on many systems, and a group that they share. */
const accounts: Accounts = {
  users: () => ["root:x:0:0::", "nobody:x:65534:65534::", `alice:x:${ALICE}:${ALICE}::`, `bob:x:${BOB}:${BOB}::`],
  group: (gid) =>
    [
      "root:x:0:",
      "nogroup:x:65534:",
      `alice:x:${ALICE}:`,
      `bob:x:${BOB}:alice`,
      `ops:x:${OPS}:alice,bob`,
      `empty:x:${EMPTY}:`,
      `ldap:x:${LDAP}:alice,carol`,
    ].find((line) => line.split(":")[2] === String(gid)),
};

let root: string;
let home: string;
let user: CurrentUser;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-owner-"));
  home = mkdtempSync(join(tmpdir(), "maand-home-"));
  user = { uid: 0, gids: [0], env: {}, home, accounts };
  mkdirSync(join(root, "data"));
  for (const file of ["data/maand.db", "maand.config.ts"]) writeFileSync(join(root, file), "");
});

const checkOwner = (bucket: string, by: CurrentUser) =>
  checkParts(bucket, ["data", "data/maand.db", "maand.config.ts"], by);

afterEach(() => {
  for (const directory of [root, home]) rmSync(directory, { recursive: true, force: true });
});

describe.runIf(asRoot)("a bucket directory", () => {
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
    ["by the wildcard *", () => {}, { MAAND_SAFE_DIRECTORIES: "*" }],
    [
      "in a file of the user",
      () => {
        mkdirSync(join(home, ".config/maand"), { recursive: true });
        writeFileSync(join(home, ".config/maand/safe-directories"), `/elsewhere\n${root}\n`);
      },
      {},
    ],
  ])("of another user is accepted if it is listed %s", (_, prepare, env) => {
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

describe.runIf(asRoot)("a code file of a bucket", () => {
  const check = (over: Partial<CurrentUser> = {}) => checkCode(root, join(root, "data/maand.db"), { ...user, ...over });

  it.each<[string, () => void, string | undefined]>([
    ["is trusted if it belongs to the user", () => {}, undefined],
    [
      "is not trusted if all users can write it",
      () => chmodSync(join(root, "data/maand.db"), 0o646),
      "every user on this machine",
    ],
    ["is not trusted if all users can write its directory", () => chmodSync(root, 0o777), "every user on this machine"],
    ["is trusted in a directory with the sticky bit, such as /tmp", () => chmodSync(root, 0o1777), undefined],
    [
      "is trusted if only the group of root can write it",
      () => chmodSync(join(root, "data/maand.db"), 0o664),
      undefined,
    ],
    [
      "is not trusted if it is a link of another user",
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

  it("is not trusted if it is a link to a file that other users can replace", () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "maand-elsewhere-"));
    writeFileSync(join(elsewhere, "code"), "");
    rmSync(join(root, "data/maand.db"));
    symlinkSync(join(elsewhere, "code"), join(root, "data/maand.db"));
    expect(() => check()).not.toThrow();
    chmodSync(elsewhere, 0o777);
    expect(() => check()).toThrow(`${elsewhere} can be written by every user`);
    rmSync(elsewhere, { recursive: true });
  });
});

describe.runIf(asRoot)("a code file that a group can write", () => {
  const by = (over: Partial<CurrentUser>) => checkCode(root, join(root, "data/maand.db"), { ...user, ...over });
  const alice = { uid: ALICE, gids: [ALICE, OPS] };
  /** Sets the owner and mode that a file has after an edit with umask 002 in a directory of this group. */
  const give = (owner: number, group: number) => {
    for (const path of ["data/maand.db", "data", "."]) {
      chownSync(join(root, path), owner, group);
      chmodSync(join(root, path), path === "data/maand.db" ? 0o664 : 0o2775);
    }
  };

  it.each([
    ["is trusted if only the user is in the group", ALICE, alice, undefined],
    ["is trusted if the group has no members", EMPTY, alice, undefined],
    ["is trusted if the group is the group of root", 0, alice, undefined],
    [
      "is trusted if the group has no entry and the process is in it",
      UNKNOWN,
      { ...alice, gids: [UNKNOWN] },
      undefined,
    ],
    ["is not trusted if the group has no entry and the process is not in it", UNKNOWN, alice, `the group ${UNKNOWN}`],
    ["is not trusted if the group has another member", OPS, alice, "the group ops, which has other users"],
    ["is not trusted if the group is the primary group of another user", BOB, alice, "the group bob"],
    ["is not trusted if the group has a member from a directory service", LDAP, alice, "the group ldap"],
  ] as const)("%s", (_, group, who, says) => {
    give(ALICE, group);
    if (says === undefined) expect(() => by(who)).not.toThrow();
    else expect(() => by(who)).toThrow(expect.objectContaining({ message: expect.stringContaining(says) }));
  });

  it("is trusted under sudo if it belongs to the calling user", () => {
    give(ALICE, ALICE);
    expect(() => by({ env: { SUDO_UID: String(ALICE) } })).not.toThrow();
    expect(() => by({ env: { SUDO_UID: String(BOB) } })).toThrow("belongs to alice");
    give(ALICE, OPS);
    expect(() => by({ env: { SUDO_UID: String(ALICE) } })).toThrow("the group ops");
  });

  it("is trusted if its bucket is listed", () => {
    give(ALICE, OPS);
    expect(() => by({ ...alice, env: { MAAND_SAFE_DIRECTORIES: root } })).not.toThrow();
  });
});

describe.runIf(asRoot)("the mode of a bucket directory", () => {
  it.each([
    ["0777", "not trusted", "can be written by every user"],
    ["1777", "trusted", undefined],
    ["0755", "trusted", undefined],
  ])("%s is %s", (mode, _, says) => {
    chmodSync(root, Number.parseInt(mode, 8));
    if (says === undefined) expect(() => checkOwner(root, user)).not.toThrow();
    else expect(() => checkOwner(root, user)).toThrow(says);
  });
});

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { STORE_VERSION } from "@maand/core/readonly";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CommandResult, initialised, typedIn } from "../run/typed.test.support.ts";

let fresh = "";
let root = "";
let maand: (...argv: string[]) => Promise<CommandResult>;

beforeAll(async () => {
  fresh = await initialised();
});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-upgrade-"));
  cpSync(fresh, root, { recursive: true });
  maand = typedIn(root);
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

/** SQLite keeps the `user_version` in the header of its file. */
function setStoreVersion(version: number): void {
  const file = join(root, "data/maand.db");
  const bytes = readFileSync(file);
  bytes.writeUInt32BE(version, 60);
  writeFileSync(file, bytes);
}

/** Names and contents of all files of the bucket, except the files that SQLite creates next to an open store. */
function contents(): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name)).filter((path) => !/-(shm|wal)$/.test(path));
  return Object.fromEntries(paths.sort().map((path) => [path, readFileSync(path, "latin1")]));
}

async function checked() {
  const { code, out } = await maand("upgrade-check", "--json");
  return { code, ...JSON.parse(out) };
}

describe("maand upgrade-check", () => {
  it("reports that a store of this version needs no migration", async () => {
    const { code, out } = await maand("upgrade_check");
    expect(code).toBe(0);
    expect(out).toContain(`version ${STORE_VERSION}, needed ${STORE_VERSION}`);
    expect(out).toMatch(/nothing to upgrade\n$/);
    expect(out).not.toContain("backup");
  });

  it("lists the migrations of an older store, mentions that no backup is made, and changes nothing", async () => {
    setStoreVersion(19);
    const before = contents();
    const { code, store, backup, problems } = await checked();
    expect({ code, problems }).toEqual({ code: 0, problems: [] });
    expect(store).toMatchObject({ state: "older", version: 19, needed: STORE_VERSION });
    expect(store.bytes).toBeGreaterThan(4096);
    expect(store.migrations.slice(0, 2)).toEqual([
      { version: 20, tables: ["repair", "left_behind"] },
      { version: 21, tables: ["secret_source"] },
    ]);
    expect(backup).toEqual({ made: false, command: expect.stringMatching(/^tar -czf .+-backup\.tgz .+ -C .+ \.$/) });

    const { out } = await maand("upgrade-check");
    expect(out).toContain(" 20  repair, left_behind\n");
    expect(out).toContain("backup   none is made");
    expect(out).toMatch(/ready: the next command upgrades the store\n$/);
    expect(contents()).toEqual(before);
  });

  it("reports a store of a newer maand and a damaged store as unusable", async () => {
    setStoreVersion(999);
    const { code, out } = await maand("upgrade-check");
    expect(code).toBe(1);
    expect(out).toContain(`wrong    data/maand.db: a newer maand wrote it: version 999 of ${STORE_VERSION}\n`);
    writeFileSync(join(root, "data/maand.db"), "not a database at all, and long enough to be one");
    expect(await checked()).toMatchObject({ code: 1, store: { state: "damaged", version: null, migrations: [] } });
  });

  const plugin = (core: string) =>
    `export default { plugins: ["defaults", { name: "audit", version: "1.2.0", core: "${core}", apply() {} }] };`;

  it("lists plugins with the versions of maand that they support", async () => {
    writeFileSync(join(root, "maand.config.mjs"), plugin("^0.1.0"));
    const { code, plugins } = await checked();
    expect(code).toBe(0);
    expect(plugins).toContainEqual({ name: "audit", version: "1.2.0", source: "maand.config.mjs", core: "^0.1.0" });
    expect((await maand("upgrade-check")).out).toContain("audit 1.2.0, supports @maand/core ^0.1.0\n");
  });

  it("reports a plugin that does not support this version", async () => {
    writeFileSync(join(root, "maand.config.mjs"), plugin("^9.0.0"));
    const { code, out } = await maand("upgrade-check");
    expect(code).toBe(1);
    expect(out).toContain('plugin "audit" requires @maand/core ^9.0.0, but this is 0.1.0');
    expect(out).toMatch(/1 problem found: this version of maand cannot use the bucket\n$/);
  });

  it("applies no plugin, and fails outside of a bucket", async () => {
    const applied = 'export default { plugins: ["defaults", { name: "x", apply() { throw new Error("applied"); } }] };';
    writeFileSync(join(root, "maand.config.mjs"), applied);
    expect(await maand("upgrade-check")).toMatchObject({ code: 0, err: "" });
    expect((await typedIn(tmpdir())("upgrade-check")).err).toContain("maand init");
  });
});

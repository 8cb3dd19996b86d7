import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resolve } from "./fake-program.test.support.ts";

const ODD = ' it\'s "$(x)" \\n `y` ünï✓\nsecond: line\n';

const have = (...programs: readonly string[]) => programs.every((program) => existsSync(`/usr/bin/${program}`));

/** Requires `pass`, `gpg` and `age`, which scripts/test.sh installs from the packages pass, gnupg and age. */
describe.skipIf(!have("pass", "gpg"))("pass and GnuPG", () => {
  const home = mkdtempSync(join(tmpdir(), "maand-pass-"));
  const env = {
    PATH: "/usr/bin:/bin",
    HOME: home,
    GNUPGHOME: join(home, "gnupg"),
    PASSWORD_STORE_DIR: join(home, "store"),
  };

  beforeAll(() => {
    mkdirSync(env.GNUPGHOME, { mode: 0o700 });
    const run = (program: string, args: readonly string[], input = "") =>
      execFileSync(program, args, { env, input, stdio: ["pipe", "pipe", "pipe"] });
    run("gpg", ["--batch", "--passphrase", "", "--quick-generate-key", "maand-test", "default", "default", "never"]);
    run("pass", ["init", "maand-test"]);
    run("pass", ["insert", "--multiline", "web/api"], ODD);
  });

  afterAll(() => {
    execFileSync("gpgconf", ["--kill", "all"], { env });
    rmSync(home, { recursive: true, force: true });
  });

  it("print the first line, a named line, and the whole text of an entry", async () => {
    const texts = ["secret://pass/web/api", "secret://pass/web/api#second", "secret://pass/web/api#*"];
    const read = await resolve(texts, { env });
    expect([...(read?.values() ?? [])]).toEqual([ODD.split("\n")[0], "line", ODD]);
  });

  it("report that an entry does not exist", async () => {
    await expect(resolve(["secret://pass/web/nope"], { env })).rejects.toThrow("web/nope is not in the password store");
  });
});

describe.skipIf(!have("age", "age-keygen"))("age", () => {
  const root = mkdtempSync(join(tmpdir(), "maand-age-"));
  const env = { PATH: "/usr/bin:/bin" };

  beforeAll(() => {
    mkdirSync(join(root, "secrets"), { mode: 0o700 });
    mkdirSync(join(root, "workspace"));
    execFileSync("age-keygen", ["--output", join(root, "secrets/age.key")], { stdio: "pipe" });
    const recipient = execFileSync("age-keygen", ["-y", join(root, "secrets/age.key")])
      .toString()
      .trim();
    execFileSync("age", ["--encrypt", "--recipient", recipient, "--output", join(root, "workspace/db.age")], {
      input: ODD,
    });
    writeFileSync(join(root, "workspace/plain"), "not encrypted");
  });

  afterAll(() => rmSync(root, { recursive: true }));

  it("prints the exact content of an encrypted file", async () => {
    const read = await resolve(["secret://age/workspace/db.age"], { env, root });
    expect(read?.get("secret://age/workspace/db.age")).toBe(ODD);
  });

  it("fails with the reason if a file cannot be decrypted or does not exist", async () => {
    await expect(resolve(["secret://age/workspace/plain"], { env, root })).rejects.toThrow("age exited with code 1");
    await expect(resolve(["secret://age/workspace/nope"], { env, root })).rejects.toThrow("no such file");
  });
});

/** A program that follows the contract in docs/secrets.md, as an operator would write it. */
const INVENTORY = `import json, sys
request = json.load(sys.stdin)
assert request["version"] == 1, request
known = json.loads(open(sys.argv[1], encoding="utf-8").read())
secrets = {}
for wanted in request["references"]:
    if wanted["path"] not in known:
        sys.exit(f"no entry {wanted['path']}")
    entry = known[wanted["path"]]
    secrets[wanted["reference"]] = entry if wanted["field"] is None else entry[wanted["field"]]
json.dump({"version": 1, "secrets": secrets}, sys.stdout)
`;

describe.skipIf(!have("python3"))("a user's own program, in Python", () => {
  const root = mkdtempSync(join(tmpdir(), "maand-exec-"));
  const env = { PATH: "/usr/bin:/bin", LANG: "C.UTF-8" };
  const file = join(root, "known secrets.json");
  const settings = { secret_programs: { inventory: ["python3", join(root, "inventory.py"), file] } };

  beforeAll(() => {
    writeFileSync(join(root, "inventory.py"), INVENTORY);
    writeFileSync(file, JSON.stringify({ "db/password": ODD, token: { x: "1" } }));
  });

  afterAll(() => rmSync(root, { recursive: true }));

  it("receives all references in one call, and its values are not changed", async () => {
    const texts = ["secret://exec/inventory/db/password", "secret://exec/inventory/token#x"];
    const read = await resolve(texts, { env, root, settings });
    expect([...(read ?? [])]).toEqual([
      [texts[0], ODD],
      [texts[1], "1"],
    ]);
  });

  it("that fails is reported with its output", async () => {
    await expect(resolve(["secret://exec/inventory/nope"], { env, root, settings })).rejects.toThrow("no entry nope");
  });
});

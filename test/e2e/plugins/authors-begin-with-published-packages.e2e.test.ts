import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blocksOf, page, ROOT } from "../../docs/pages.ts";
import { missingLines } from "../../docs/tutorial.ts";
import { pluginPages, type TypingPlace, typePage } from "../../docs/type-page.ts";
import { type Installation, install, run } from "../../support/bucket/installation.ts";
import { INITIALISED } from "../../support/bucket/scratch.ts";

/** Runs the documented steps of plugin authors in empty directories, with the packages as published. */
let installation: Installation;
let place: TypingPlace;
let accounts: string;

beforeAll(() => {
  installation = install("@maand/cli", "valibot", "vitest", "typescript", "@types/node");
  place = {
    directory: join(installation.place, "typed"),
    programs: join(installation.place, "node_modules/.bin"),
    authority: join(process.env[INITIALISED] ?? "", "secrets"),
    modules: join(installation.place, "node_modules"),
  };
  accounts = mkdtempSync(join(tmpdir(), "maand-accounts-"));
  chmodSync(accounts, 0o711);
});

afterAll(() => {
  installation?.dispose();
  rmSync(accounts, { recursive: true, force: true });
});

describe.each(pluginPages(ROOT))("%s", (path) => {
  it("gives each example a file name", () => {
    const nameless = blocksOf(page(path)).filter(({ info }) => /^(ts|json|toml)$/.test(info));
    expect(nameless.map(({ code }) => code)).toEqual([]);
  });

  it("contains commands that succeed and print the documented output", async () => {
    const { code, printed, steps } = await typePage(path, place, { "/srv/accounts": join(accounts, "srv") });
    expect(code, printed).toBe(0);
    for (const { prints, output } of steps) expect(missingLines(prints, output), output).toEqual([]);
  });
});

describe("maand plugin create", () => {
  const KINDS = { hook: "cheer", lifecycle: "steer", transport: "tether", command: "list-jobs" } as const;
  const nameOf = (kind: keyof typeof KINDS) => `@acme/maand-plugin-${KINDS[kind]}`;
  const kinds: (keyof typeof KINDS)[] = ["hook", "lifecycle", "transport", "command"];
  const created = (kind: keyof typeof KINDS) => join(installation.place, `maand-plugin-${KINDS[kind]}`);

  it.each(kinds)("creates a plugin whose types, tests and package are correct without changes: --kind %s", (kind) => {
    run(installation.program, ["plugin", "create", nameOf(kind), "--kind", kind], installation.place);
    run("npm", ["run", "check"], created(kind));
    expect(run("npm", ["test"], created(kind))).toMatch(/Tests .*\b\d+ passed/);
    run("npm", ["run", "build"], created(kind));
    const packed: readonly { readonly files: readonly { readonly path: string }[] }[] = JSON.parse(
      run("npm", ["pack", "--json", "--ignore-scripts"], created(kind)),
    );
    const files = packed.flatMap((one) => one.files.map(({ path }) => path)).sort();
    expect(files).toEqual(["README.md", "dist/index.d.ts", "dist/index.js", "package.json"]);
    expect(readFileSync(join(created(kind), "README.md"), "utf8")).toContain(`from "${nameOf(kind)}";`);
  });

  it("creates plugins of all kinds that work in a bucket", () => {
    const bucket = join(installation.place, "bucket");
    mkdirSync(join(bucket, "secrets"), { recursive: true, mode: 0o700 });
    run("sh", ["-c", 'cp "$1"/ca.* secrets/', "sh", place.authority], bucket);
    mkdirSync(join(installation.place, "node_modules/@acme"));
    for (const kind of kinds) symlinkSync(created(kind), join(installation.place, "node_modules", nameOf(kind)));
    const plugins = ["defaults", [nameOf("hook"), { word: "hurray:" }], ...kinds.slice(1).map(nameOf)];
    const maand = (...argv: string[]) => run(installation.program, argv, bucket);
    maand("init");
    writeFileSync(join(bucket, ".maandrc.json"), JSON.stringify({ plugins }));
    writeFileSync(join(bucket, "workspace/workers.json"), '[{ "host": "127.0.0.11", "transport": "local" }]');
    maand("job", "create", "api", "--selectors", "worker");
    expect(maand("deploy", "--build", "--json")).toContain("hurray: api 1.0.0 on 127.0.0.11");
    expect(maand("list-jobs")).toBe("api: 1\n");
    expect(maand("plugins")).toMatch(/│ cheer +│ 0\.1\.0 +│ @acme\/maand-plugin-cheer +│ afterJob/);
  });
});

describe("vitest in the directory of a plugin", () => {
  const COMMAND = `
    import { MaandCommand } from "@maand/command";
    import { Command, Option } from "NAME";
    import { expect, it } from "vitest";
    class Greet extends MaandCommand {
      static paths = [["greet"]];
      static usage = Command.Usage({ description: "says hello" });
      to = Option.String({ required: true });
      async work() { this.print("hello " + this.to); return 0; }
    }
    it("loads", async () => {
      const { runCommand } = await import("@maand/command/testing");
      expect(await runCommand(Greet, ["greet", "you"], { cwd: "/" })).toMatchObject({ code: 0, stdout: "hello you\\n" });
    });`;
  const PRESET = `
    import { maandPlugin } from "@maand/core/testing/vitest";
    export default { plugins: [maandPlugin()] };`;

  it.each([
    ["Command and Option of @maand/command, without a configuration", "@maand/command", undefined],
    ["clipanion itself, with the plugin of @maand/core/testing/vitest", "clipanion", PRESET],
  ])("loads %s", { timeout: 120_000 }, (_, name, config) => {
    const at = mkdtempSync(join(installation.place, "plugin-"));
    writeFileSync(join(at, "package.json"), '{ "type": "module" }');
    writeFileSync(join(at, "greet.test.ts"), COMMAND.replace("NAME", name));
    if (config !== undefined) writeFileSync(join(at, "vitest.config.ts"), config);
    expect(run("npx", ["vitest", "run"], at)).toMatch(/Tests .*\b1 passed/);
  });
});

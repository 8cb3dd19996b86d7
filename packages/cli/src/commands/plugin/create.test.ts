import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { typedIn } from "../../run/typed.test.support.ts";
import { KINDS } from "./package-files.ts";
import { pluginNames } from "./plugin-names.ts";

interface Manifest {
  readonly name: string;
  readonly type: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional: boolean }>>;
}

const examples = new URL("../../../../../plugins-examples/", import.meta.url).pathname;
const manifestIn = (directory: string): Manifest => JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
const EXAMPLES = readdirSync(examples)
  .filter((name) => existsSync(join(examples, name, "package.json")))
  .map((name) => manifestIn(join(examples, name)));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-create-"));
});
afterEach(() => rmSync(root, { recursive: true }));

describe("maand plugin create", () => {
  it("writes a package, even outside of a bucket, and prints the next step", async () => {
    const { code, out } = await typedIn(root)("plugin", "create", "@acme/maand-plugin-slow-start");
    expect(code).toBe(0);
    expect(out).toContain("cd maand-plugin-slow-start && npm install");
    const at = join(root, "maand-plugin-slow-start");
    expect(JSON.parse(readFileSync(join(at, "package.json"), "utf8"))).toMatchObject({
      name: "@acme/maand-plugin-slow-start",
      peerDependencies: { "@maand/core": expect.stringMatching(/^\^\d+\.\d+\.\d+$/) },
    });
    expect(readFileSync(join(at, "src/index.ts"), "utf8")).toContain("export const slowStart = pluginWithOptions({");
  });

  it.for(Object.keys(KINDS))(
    "writes the engines, exports and peers of the example plugins with --kind %s",
    async (kind) => {
      expect((await typedIn(root)("plugin", "create", "slack", "--kind", kind)).code).toBe(0);
      const made = manifestIn(join(root, "slack"));
      expect(Object.keys(made.peerDependenciesMeta ?? {})).toEqual(Object.keys(made.peerDependencies ?? {}));
      expect(EXAMPLES.length).toBeGreaterThan(8);
      for (const example of EXAMPLES) {
        const { ".": entry, ...others } = example.exports;
        const { source, ...published } = entry ?? {};
        expect([example.name, published, others]).toEqual([example.name, made.exports["."], {}]);
        expect([source, example.engines, example.type]).toEqual(["./src/index.ts", made.engines, made.type]);
        const peers = new Set(Object.values(example.peerDependencies ?? {}));
        expect([...peers]).toEqual([made.peerDependencies?.["@maand/core"]]);
        for (const peer of Object.keys(example.peerDependencies ?? {}))
          expect(example.peerDependenciesMeta?.[peer]).toEqual({ optional: true });
        if (example.dependencies?.valibot && made.dependencies)
          expect(example.dependencies.valibot).toBe(made.dependencies.valibot);
      }
    },
  );

  it("refuses an unknown kind, and suggests a similar one", async () => {
    const { code, err } = await typedIn(root)("plugin", "create", "slack", "--kind", "transprot");
    expect([code, err]).toEqual([
      2,
      expect.stringMatching(/no kind of plugin "transprot"[\s\S]*did you mean "transport"/),
    ]);
    expect(readdirSync(root)).toEqual([]);
  });

  it("refuses to overwrite a file or a directory, even an empty one", async () => {
    mkdirSync(join(root, "slack"));
    expect(await typedIn(root)("plugin", "create", "slack")).toMatchObject({
      code: 2,
      err: expect.stringContaining("slack"),
    });
    expect(readdirSync(join(root, "slack"))).toEqual([]);
    writeFileSync(join(root, "irc"), "");
    expect(await typedIn(root)("plugin", "create", "irc")).toMatchObject({ code: 2 });
  });

  it.for([
    "../evil",
    "Slack",
    "a b",
    "@acme/",
    "",
    "defaults",
    "config",
    "x;y",
    "-C",
    "maand-plugin-new",
    "a".repeat(215),
    ".",
  ])("refuses %j and writes nothing", async (name) => {
    expect((await typedIn(root)("plugin", "create", name)).code).toBe(2);
    expect(readdirSync(root)).toEqual([]);
    expect(existsSync(join(root, "../evil"))).toBe(false);
  });
});

it.for([
  ["slack", "slack", "slack", "slack"],
  ["maand-plugin-slack", "maand-plugin-slack", "slack", "slack"],
  ["@acme/slow-start", "slow-start", "slow-start", "slowStart"],
  ["maand-plugin-2fa", "maand-plugin-2fa", "2fa", "plugin2fa"],
] as const)(
  "the name %s determines the directory, the plugin name and the exported variable",
  ([name, directory, plugin, variable]) => {
    expect(pluginNames(name)).toEqual({ package: name, directory, plugin, variable });
  },
);

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";

/** Reads the imports of every source file and keeps the walls of the house (DECISIONS.md, "Walls"). */
const ROOT = new URL("..", import.meta.url).pathname;

interface Source {
  /** From the root of the repository, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources = readdirSync(join(ROOT, "packages")).flatMap((name) => read(join(ROOT, "packages", name, "src")));
const production = sources.filter(({ path }) => !/\.(test|invariants\.test|types\.test)\.ts$/.test(path));

function read(directory: string): Source[] {
  if (!statSync(directory, { throwIfNoEntry: false })) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const text = readFileSync(file, "utf8");
      const imports = [
        ...text.matchAll(
          /(?:^|\n)(?:import|export)\b[^;]*?from\s+"([^"]+)"|import\("([^"]+)"\)|(?:^|\n)import\s+"([^"]+)"/g,
        ),
      ];
      return {
        path: relative(ROOT, file),
        text,
        imports: imports.map((found) => found[1] ?? found[2] ?? found[3] ?? ""),
      };
    });
}

function inside(...places: readonly string[]): Source[] {
  return production.filter(({ path }) => places.some((place) => path.startsWith(place)));
}

/** Files among `of` that import what `forbidden` says, as `file imports module`. */
function offenders(of: readonly Source[], forbidden: (module: string, source: Source) => boolean): string[] {
  return of.flatMap((source) =>
    source.imports.filter((module) => forbidden(module, source)).map((module) => `${source.path} imports ${module}`),
  );
}

describe("the walls", () => {
  it("sees the sources at all", () => {
    expect(production.length).toBeGreaterThan(80);
    expect(production.flatMap(({ imports }) => imports).length).toBeGreaterThan(300);
  });

  it("core imports no plugin and no cli", () => {
    expect(offenders(inside("packages/core/"), (module) => module.startsWith("@maand/"))).toEqual([]);
  });

  it("a plugin imports core, the template engine, and its own tools, but no other plugin and no cli", () => {
    expect(offenders(inside("packages/plugin-"), (module) => /^@maand\/(?!core|gotemplate)/.test(module))).toEqual([]);
  });

  it("only cli/src/defaults.ts imports plugins", () => {
    const others = inside("packages/cli/").filter(({ path }) => path !== "packages/cli/src/defaults.ts");
    expect(offenders(others, (module) => module.startsWith("@maand/plugin-"))).toEqual([]);
  });

  it("gotemplate imports nothing but itself", () => {
    expect(offenders(inside("packages/gotemplate/"), (module) => !module.startsWith("."))).toEqual([]);
  });

  it("the domain is pure: no node modules but crypto for fingerprints, no clock, nothing asynchronous", () => {
    const domain = inside("packages/core/src/domain/");
    const hashing = ["packages/core/src/domain/deploy/digest.ts", "packages/core/src/domain/workspace/identity.ts"];
    expect(
      offenders(
        domain,
        (module, { path }) => module.startsWith("node:") && !(module === "node:crypto" && hashing.includes(path)),
      ),
    ).toEqual([]);
    expect(offenders(domain, (module) => /^\.\.\/(?!(checks|deploy|kv|settings|workspace)\/)/.test(module))).toEqual(
      [],
    );
    for (const { path, text } of domain) {
      expect(text, path).not.toMatch(/\bnew Date\(|Date\.now|Math\.random|\basync\b|\bawait\b|process\./);
    }
  });

  it("the edges do not know each other", () => {
    for (const edge of ["config", "workspace", "store", "log"]) {
      const others = ["config", "workspace", "store", "log", "engine"].filter((name) => name !== edge);
      const found = offenders(inside(`packages/core/src/${edge}/`), (module) =>
        others.some((other) => module.startsWith(`../${other}/`)),
      );
      expect(found, edge).toEqual([]);
    }
  });
});

describe("one room each", () => {
  const ROOMS: Readonly<Record<string, RegExp>> = {
    tapable: /^packages\/core\/src\/plugin-api\/hooks\.ts$/,
    cosmiconfig: /^packages\/core\/src\/config\//,
    jiti: /^packages\/(core\/src\/config|plugin-job-commands\/src)\//,
    "smol-toml": /^packages\/core\/src\/(config|workspace)\//,
    "better-sqlite3": /^packages\/core\/src\/store\//,
    "@peculiar/x509": /^packages\/plugin-certs\/src\/x509\.ts$/,
    "reflect-metadata": /^packages\/plugin-certs\/src\/x509\.ts$/,
    ssh2: /^packages\/plugin-ssh\/src\//,
    execa: /^packages\/plugin-(local|rsync|job-commands)\/src\//,
    diff: /^packages\/core\/src\/plan\/file-diff\.ts$/,
    clipanion: /^packages\/cli\/src\//,
  };

  for (const [library, room] of Object.entries(ROOMS)) {
    it(`${library} is used in its room only`, () => {
      const users = production.filter(({ imports }) =>
        imports.some((module) => module === library || module.startsWith(`${library}/`)),
      );
      expect(users.length).toBeGreaterThan(0);
      expect(users.map(({ path }) => path).filter((path) => !room.test(path))).toEqual([]);
    });
  }

  const POWERS: readonly (readonly [string, RegExp, RegExp])[] = [
    ["ending the process and signals", /process\.(exit\b|exitCode|on\()/, /^packages\/cli\/src\/main\.ts$/],
    [
      "stdout and stderr of the process",
      /process\.(stdout|stderr)|console\./,
      /^packages\/(cli\/src\/(main\.ts|output\/)|core\/src\/operations\/scaffold\/command-script\.ts)/, // the latter only writes such a script
    ],
    ["SQL", /\b(SELECT .* FROM|INSERT INTO|DELETE FROM|CREATE TABLE)\b/, /^packages\/core\/src\/store\//],
    ["shell quoting", /replaceAll\("'"/, /^packages\/core\/src\/remote\/quote\.ts$/],
  ];

  for (const [power, pattern, room] of POWERS) {
    it(`${power} in one room only`, () => {
      const users = production.filter(({ text }) => pattern.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "")));
      expect(users.map(({ path }) => path).filter((path) => !room.test(path))).toEqual([]);
    });
  }
});

describe("the hand", () => {
  it("no file is called by a word that says nothing", () => {
    expect(
      production
        .map(({ path }) => path)
        .filter((path) => /(^|\/)(utils?|helpers?|common|manager|service|types|misc)\.ts$/.test(path)),
    ).toEqual([]);
  });

  it("nothing is silenced", () => {
    const silenced = /@ts-ignore|@ts-expect-error|biome-ignore|\bas any\b|as unknown as/;
    expect(production.filter(({ text }) => silenced.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it("files stay readable: none is longer than 300 lines", () => {
    const long = production
      .map(({ path, text }) => ({ path, lines: text.split("\n").length }))
      .filter(({ lines }) => lines > 300);
    expect(long).toEqual([]);
  });

  it("explicit .ts paths, and no default exports", () => {
    expect(offenders(production, (module) => module.startsWith(".") && !/\.(ts|mjs)$/.test(module))).toEqual([]);
    expect(production.filter(({ text }) => /^export default/m.test(text)).map(({ path }) => path)).toEqual([]);
  });
});

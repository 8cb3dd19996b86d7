import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { importCycles } from "./support/import-cycles.ts";
import { productionSources, ROOT, type Source, target } from "./support/sources.ts";

/** All source files. The tests compare them with the layout that packages/core/README.md describes. */
const sources = productionSources();

/**
 * The parts of packages/core/src, lowest layer first. A file imports files of its own part and of lower layers. Parts of
 * the same layer do not import each other. `config` and `log` are above the plugin API, because `config` loads plugins
 * and `log` is a plugin.
 */
const LAYERS: readonly (readonly string[])[] = [
  ["domain"],
  ["errors.ts"],
  ["trust"],
  ["run-result.ts"],
  ["operation-events.ts"],
  ["events.ts"],
  ["printed-lines.ts"],
  ["workspace", "store", "remote"],
  ["plugin-api"],
  ["config", "log"],
  ["bucket"],
  ["run"],
  ["plan", "build"],
  ["deploy", "jobs"],
  ["on-worker"],
  ["toolbox.ts"],
  ["readonly.ts", "operator.ts", "internal.ts", "plugin.ts"],
  ["index.ts"],
  ["embed.ts"],
  ["testing"],
];

const CORE = "packages/core/src/";

function inside(place: string): Source[] {
  return sources.filter(({ path }) => path.startsWith(place));
}

/** Imports that `forbidden` refuses, as `file imports module`. */
function offenders(of: readonly Source[], forbidden: (module: string, source: Source) => boolean): string[] {
  return of.flatMap((source) =>
    source.imports.filter((module) => forbidden(module, source)).map((module) => `${source.path} imports ${module}`),
  );
}

function paths(of: readonly Source[]): string[] {
  return of.map(({ path }) => path);
}

describe("import boundaries of packages:", () => {
  it("the tests find sources and imports", () => {
    expect(sources.length).toBeGreaterThan(400);
    expect(sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(1500);
  });

  it("core imports neither plugins nor the cli", () => {
    expect(offenders(inside(CORE), (module) => module.startsWith("@maand/"))).toEqual([]);
  });

  it("plugins import core, and the libraries for commands, templates and saved plans, but neither other plugins nor the cli", () => {
    expect(
      offenders(inside("packages/plugin-"), (module) =>
        /^@maand\/(?!core|command|gotemplate|saved-plans)/.test(module),
      ),
    ).toEqual([]);
  });

  it("only cli/src/defaults.ts and one other file import stock plugins", () => {
    const others = inside("packages/cli/").filter(({ path }) => path !== "packages/cli/src/defaults.ts");
    const lazy = ["import", "maintenance", "operations", "prometheus", "ui"].map(
      (name) => `packages/cli/src/run/stock-commands.ts imports @maand/plugin-${name}/commands`,
    );
    expect(offenders(others, (module) => module.startsWith("@maand/plugin-"))).toEqual(lazy);
  });

  it("the command library imports only core", () => {
    expect(offenders(inside("packages/command/"), (module) => /^@maand\/(?!core)/.test(module))).toEqual([]);
  });

  it("the library of saved plans imports only core", () => {
    expect(offenders(inside("packages/saved-plans/"), (module) => /^@maand\/(?!core)/.test(module))).toEqual([]);
  });

  it("gotemplate imports only itself", () => {
    expect(offenders(inside("packages/gotemplate/"), (module) => !module.startsWith("."))).toEqual([]);
  });

  it("no file imports another package except through its entry points", () => {
    const packageOf = (path: string) => path.split("/").slice(0, 2).join("/");
    const leaves = (module: string, source: Source) => {
      const file = target(source, module);
      return file !== undefined && packageOf(file) !== packageOf(source.path);
    };
    expect(offenders(sources, leaves)).toEqual([]);
  });
});

describe("layers of core", () => {
  const partOf = (path: string) => path.slice(CORE.length).split("/")[0] ?? "";
  const levels = new Map(LAYERS.flatMap((parts, level) => parts.map((part) => [part, level] as const)));
  const levelOf = (part: string) => levels.get(part) ?? Number.NaN;

  it("every file of core belongs to a layer, and no layer is empty", () => {
    expect([...new Set(paths(inside(CORE)).map(partOf))].sort()).toEqual([...levels.keys()].sort());
  });

  it("a file imports only lower layers and its own part", () => {
    const climbs = (module: string, source: Source) => {
      const file = target(source, module);
      if (file === undefined || partOf(file) === partOf(source.path)) return false;
      return !(levelOf(partOf(file)) < levelOf(partOf(source.path)));
    };
    expect(offenders(inside(CORE), climbs)).toEqual([]);
  });

  it("the domain uses no clock, no asynchronous code and no node modules except crypto for digests", () => {
    const domain = inside(`${CORE}domain/`);
    const hashing = [`${CORE}domain/deploy/digest.ts`, `${CORE}domain/workspace/identity.ts`];
    const impure = (module: string, { path }: Source) =>
      module.startsWith("node:") && !(module === "node:crypto" && hashing.includes(path));
    expect(offenders(domain, impure)).toEqual([]);
    const timed = /\bnew Date\(|Date\.now|Math\.random|\basync\b|\bawait\b|process\./;
    expect(paths(domain.filter(({ code }) => timed.test(code)))).toEqual([]);
  });

  it("no file of core names a stock plugin", () => {
    const names = readdirSync(`${ROOT}packages`).flatMap((name) => /^plugin-(.+)$/.exec(name)?.slice(1) ?? []);
    const named = new RegExp(
      `plugin-(${names.join("|")})\\b|(before|after|replace|remove).{0,4}"(${names.join("|")})"`,
    );
    const naming = paths(inside(CORE).filter(({ text }) => named.test(text)));
    expect(naming).toEqual([]);
  });
});

it("no files import each other, directly or indirectly", () => {
  expect(importCycles(sources)).toEqual([]);
});

describe("no allocation goes down without the availability budget", () => {
  const engine = ["core/src", "saved-plans", "command", "cli", "plugin-"].flatMap((name) => inside(`packages/${name}`));
  const having = (text: RegExp) =>
    paths(engine.filter(({ code }) => text.test(code))).map((path) => path.replace(CORE, "").replace("packages/", ""));

  it("only three files call lifecycle commands", () => {
    expect(having(/hooks(\.(rollout|reconcile|target)|\[hook\])\.promise\(/).sort()).toEqual([
      "deploy/run-action.ts",
      "jobs/control-job.ts",
      "run/scope/allocation-scope.ts",
    ]);
    expect(having(/\brunAction\(/).sort()).toEqual([
      "deploy/rollout/run-round.ts",
      "deploy/run-action.ts",
      "deploy/stop-and-remove.ts",
      "on-worker/start-on-worker.ts",
    ]);
  });

  it("every path that takes allocations down requests the downtime first", () => {
    const requesting = having(/\b(requestDowntime|decideNow|nextBatch)\(/).filter(
      (path) => !path.startsWith("run/budget/"),
    );
    expect(requesting.sort()).toEqual([
      "deploy/rollout/member-downtime.ts",
      "deploy/stop-within-budget.ts",
      "jobs/target-budget.ts",
      "plugin-maintenance/src/admit.ts",
      "plugin-maintenance/src/wait-for-downtime.ts",
      "plugin-operations/src/workers/worker-downtime.ts",
      "run/scope/allocation-scope.ts",
    ]);
    // maintenance drains only workers that it has admitted, and its starts take nothing down
    expect(having(/\bstopOne\(run, entry\)/)).toEqual(["on-worker/stop-on-worker.ts"]);
    expect(having(/\bstopOnWorker\(run\b(?!:)/)).toEqual(["plugin-maintenance/src/phases/drain.ts"]);
    // runRound runs batches that the budget has granted; stopAndRemoveOne stops allocations that stopWithinBudget admits,
    // and allocations that are removed when their first start is reverted
    expect(having(/\brunRound\(.*\bbatch\b/)).toEqual(["deploy/rollout/batch-queue.ts"]);
    expect(having(/\bstopAndRemoveOne\(run, entry\)/)).toEqual(["deploy/stop-and-remove.ts"]);
  });
});

it("the browser page and its server share only their protocol", () => {
  const page = inside("packages/plugin-ui/app/");
  const outside = offenders(page, (module, source) => {
    const file = target(source, module) ?? module;
    return !/^(packages\/plugin-ui\/(app\/|src\/contract\.ts$)|preact(\/hooks)?$|@preact\/signals$)/.test(file);
  });
  expect(page.length).toBeGreaterThan(60);
  expect(outside).toEqual([]);
});

describe("the source code", () => {
  const LIBRARIES: Readonly<Record<string, RegExp>> = {
    tapable: /^packages\/core\/src\/plugin-api\/hooks\.ts$/,
    cosmiconfig: /^packages\/core\/src\/config\//,
    jiti: /^packages\/(core\/src\/config|plugin-job-commands\/src)\//,
    pg: /^packages\/core\/src\/store\/team\/pg\/pg-connection\.ts$/,
    "smol-toml": /^packages\/core\/src\/(config|workspace)\//,
    "better-sqlite3": /^packages\/(core\/src\/store|plugin-import\/src\/go-store)\//,
    "@peculiar/x509": /^packages\/plugin-certs\/src\/x509\.ts$/,
    "reflect-metadata": /^packages\/plugin-certs\/src\/x509\.ts$/,
    ssh2: /^packages\/plugin-ssh\/src\//,
    execa: /^packages\/core\/src\/remote\/process\/process\.ts$/,
    diff: /^packages\/core\/src\/plan\/diffs\/file-diff\.ts$/,
    "fast-string-truncated-width": /^packages\/cli\/src\/output\/progress\/text-width\.ts$/,
    clipanion:
      /^packages\/(cli\/src|command\/src|plugin-(import|maintenance|operations|prometheus|ui)\/src\/commands)\//,
    hono: /^packages\/plugin-ui\/src\/server\//,
    "@hono/node-server": /^packages\/plugin-ui\/src\/server\//,
    yaml: /^packages\/(plugin-prometheus\/src\/|plugin-import\/src\/compare\/prometheus-files\.ts$|plugin-operations\/src\/inventory\/read-inventory\.ts$)/,
    marked: /^packages\/(plugin-prometheus\/src\/pages\/markdown|cli\/src\/book\/render-page)\.ts$/,
  };

  for (const [library, place] of Object.entries(LIBRARIES)) {
    it(`imports ${library} only in the files that may use it`, () => {
      const users = sources.filter(({ imports }) =>
        imports.some((module) => module === library || module.startsWith(`${library}/`)),
      );
      expect(users.length).toBeGreaterThan(0);
      expect(paths(users).filter((path) => !place.test(path))).toEqual([]);
    });
  }

  const USES: readonly (readonly [string, RegExp, RegExp])[] = [
    ["process exits and signals", /process\.(exit\b|exitCode|on\()/, /^packages\/cli\/src\/main\.ts$/],
    [
      "stdout and stderr of the process",
      /process\.(stdout|stderr)|console\./,
      // command-script.ts only generates a script that uses them
      /^packages\/(cli\/src\/(main\.ts|output\/)|plugin-operations\/src\/scaffold\/command-script\.ts)/,
    ],
    [
      "SQL",
      /\b(SELECT .* FROM|INSERT INTO|DELETE FROM|CREATE TABLE)\b/,
      /^packages\/(core\/src\/store|plugin-import\/src\/go-store)\//,
    ],
    ["shell quoting", /replaceAll\("'"/, /^packages\/core\/src\/remote\/quote\.ts$/],
  ];

  for (const [power, pattern, place] of USES) {
    it(`uses ${power} only in the files that may use it`, () => {
      const users = sources.filter(({ code }) => pattern.test(code));
      expect(users.length).toBeGreaterThan(0);
      expect(paths(users).filter((path) => !place.test(path))).toEqual([]);
    });
  }
});

describe("files", () => {
  it("have descriptive names", () => {
    const empty = /(^|\/)(utils?|helpers?|common|manager|service|types|misc)\.ts$/;
    expect(paths(sources).filter((path) => empty.test(path))).toEqual([]);
  });

  it("contain no comments that disable a check", () => {
    const silenced = /@ts-ignore|@ts-expect-error|biome-ignore|\bas any\b|as unknown as/;
    expect(paths(sources.filter(({ text }) => silenced.test(text)))).toEqual([]);
  });

  it("have at most 300 lines", () => {
    expect(sources.filter(({ lines }) => lines > 300).map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });

  it("are in folders of at most 15 files", () => {
    const counts = new Map<string, number>();
    for (const path of paths(sources)) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > 15)).toEqual([]);
  });

  it("import explicit paths, and have no default export", () => {
    expect(offenders(sources, (module) => module.startsWith(".") && !/\.(tsx?|mjs|css)$/.test(module))).toEqual([]);
    expect(paths(sources.filter(({ code }) => /^export default/m.test(code)))).toEqual([]);
  });
});

it("functions have at most 75 lines", () => {
  const longest = sources
    .flatMap(({ path, functions }) => functions.map((found) => ({ ...found, path })))
    .sort((one, other) => other.lines - one.lines)
    .map(({ path, line, name, lines }) => ({ lines, text: `${lines} lines: ${name}, ${path}:${line}` }));
  console.info(
    longest
      .slice(0, 10)
      .map(({ text }) => text)
      .join("\n"),
  );
  const tooLong = longest.filter(({ lines, text }) => lines > 75 && !text.includes(" fakeFleet, "));
  expect(tooLong.map(({ text }) => text)).toEqual([]);
});

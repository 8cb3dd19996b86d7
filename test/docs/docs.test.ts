import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exitOf } from "@maand/command";
import * as core from "@maand/core";
import { type ErrorCode, MaandError } from "@maand/core";
import { applyPlugins, build, createHooks, deploy, ERROR_CODES, openBucket } from "@maand/core/internal";
import { aBucket } from "@maand/core/testing";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { defaults } from "../../packages/cli/src/defaults.ts";
import { MANIFEST_KEYS } from "../../packages/core/src/domain/manifest/manifest-schema.ts";
import { settingsSchema } from "../../packages/core/src/domain/settings/settings-schema.ts";
import { WorkersSchema } from "../../packages/core/src/domain/workspace/workers.ts";
import { runLog } from "../../packages/core/src/log/run-log.ts";
import { TAP_WAITS } from "../../packages/core/src/plugin-api/life/tap-limits.ts";
import { RENAMED_HOOKS } from "../../packages/core/src/plugin-api/tapping/renamed-hooks.ts";
import { commandLines, parser, refusal } from "./command-lines.ts";
import { allPages, anchorsOf, blocksOf, codeIn, linksOf, page, ROOT, rowsOfTables, tableRows } from "./pages.ts";
import { typeCheck } from "./type-check.ts";

/** The pages that these tests compare with the code. */
const pages = allPages();

/** The first cells of a table's rows, without backticks. */
function firstWords(...[of, ...heading]: Parameters<typeof tableRows>): string[] {
  return tableRows(of, ...heading).flatMap(([first = ""]) => codeIn(first));
}

describe("HOOKS.md", () => {
  const rows = rowsOfTables(page("packages/core/HOOKS.md"), "Hook", "Class");

  it("lists the hooks in order, with their classes", () => {
    const declared = Object.entries(createHooks()).map(([name, hook]) => [name, hook.constructor.name]);
    expect(rows.map(([name = "", className]) => [codeIn(name)[0], className])).toEqual(declared);
  });

  it("groups the hooks as in the code, beginning with the five phases of a deploy", () => {
    const text = readFileSync(join(ROOT, "packages/core/src/plugin-api/hooks.ts"), "utf8");
    const declared = [...text.matchAll(/^\/\*\* (.*)\. \*\/\nfunction|^ {4}(\w+): new /gm)]
      .map(([, group, name]) => group ?? name)
      .filter((word) => !word?.startsWith("Every hook"));
    const written = page("packages/core/HOOKS.md").text.split("\n## What a return value means")[0] ?? "";
    expect([...written.matchAll(/^## (.*)$|^\| `(\w+)`/gm)].map(([, group, name]) => group ?? name)).toEqual(declared);
    expect(declared.slice(0, 6)).toEqual([
      "The phases of a deploy",
      ...["reconcile", "stage", "rollout", "promote", "commit"],
    ]);
  });

  it("names the stock plugins that tap each hook", async () => {
    const output = { name: "output", apply: (hooks: core.Hooks) => hooks.event.tap("output", () => {}) };
    const hooks = await applyPlugins([
      runLog("/nowhere", { format: "kv", maxBytes: 1, keepFiles: 1, keepRuns: 1 }),
      output,
      ...defaults(),
    ]);
    const tapped = Object.entries(hooks).map(([name, hook]) => [
      name,
      hook.taps.map((tap) => tap.name).join(", ") || "none",
    ]);
    expect(rows.map(([name = "", , , , taps]) => [codeIn(name)[0], taps])).toEqual(tapped);
  });

  it("lists the timeouts of taps", () => {
    const words = {
      waits: "wait for manual input, workers or other programs",
      computes: "only compute",
      "is synchronous": "are synchronous",
    };
    const written = tableRows(page("packages/core/HOOKS.md"), "Taps that", "Limit").flatMap(([taps, , hooks = ""]) =>
      codeIn(hooks).map((hook) => [hook, taps]),
    );
    const declared = Object.entries(TAP_WAITS).map(([hook, wait]) => [hook, words[wait]]);
    expect(Object.fromEntries(written)).toEqual(Object.fromEntries(declared));
    expect(written).toHaveLength(declared.length);
  });

  it("documents the effect of a thrown error in each hook", () => {
    const description = tableRows(page("packages/core/HOOKS.md"), "Hook", "A tap that throws").flatMap(([hooks = ""]) =>
      codeIn(hooks),
    );
    expect(description.sort()).toEqual(Object.keys(createHooks()).sort());
  });
});

describe("docs/plugins/contexts.md", () => {
  const contexts = page("docs/plugins/contexts.md");
  const sections = contexts.text.split(/^### /m).slice(1);

  it("lists fields instead of naming internal types", () => {
    expect(contexts.text.match(/receives `\w+Context`|TapLimit|TapInterest/g)).toBeNull();
  });

  it("has a section for every hook, in the order of the code, with an example of at most ten lines", () => {
    const hooks = Object.keys(createHooks());
    const found = sections.filter((text) => text.includes("```ts tap"));
    expect(found.map((text) => text.split("\n")[0])).toEqual(hooks);
    for (const text of found) {
      const example = /```ts tap\n(.*?)\n```/s.exec(text)?.[1] ?? "";
      expect(example, text).toContain(`hooks.${text.split("\n")[0]}.tap`);
      expect(example.split("\n").length, example).toBeLessThanOrEqual(10);
    }
  });

  it("describes every field", () => {
    const silent = sections.flatMap((text) =>
      [...text.matchAll(/^\| (`[^|]*`) \|(?:[^|]|\\\|)*\| +\|$/gm)].map(
        ([, field]) => `${text.split("\n")[0]}: ${field}`,
      ),
    );
    expect(silent).toEqual([]);
    expect(rowsOfTables(contexts, "Field", "Type").length).toBeGreaterThan(100);
  });
});

describe("EVENTS.md", () => {
  it("lists the event types with their fields", () => {
    const summary = fieldsOf(bodyOf(source("packages/core/src/run-result.ts"), "export interface SummaryRecord {"), 2);
    const map = [
      bodyOf(source("packages/core/src/events.ts"), "export interface EventMap extends OperationEvents {"),
      bodyOf(source("packages/core/src/operation-events.ts"), "export interface OperationEvents {"),
    ].join("\n");
    const declared = [...map.matchAll(/^ {2}"?([a-z._]+)"?: ((?:Omit<)?SummaryRecord.*? & )?\{(.*?)\};$/gms)].map(
      ([, type, whole, fields = ""]) => [type, [...new Set([...(whole ? summary : []), ...fieldsOf(fields)])]],
    );
    const rows = tableRows(page("packages/core/EVENTS.md"), "Type", "Fields");
    const listed = rows.map(([type = "", fields = ""]) => [codeIn(type)[0], codeIn(fields)]);
    expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(declared));
    expect(listed).toHaveLength(declared.length);
  });

  function source(path: string): string {
    return readFileSync(join(ROOT, path), "utf8").replace(/\/\*.*?\*\//gs, "");
  }

  function bodyOf(text: string, head: string): string {
    const from = text.indexOf(head) + head.length;
    return text.slice(from, text.indexOf("\n}", from) + 1);
  }

  function fieldsOf(text: string, indent?: number): string[] {
    const at = indent === undefined ? "" : `^ {${indent}}`;
    return [...text.matchAll(new RegExp(`${at}readonly (\\w+)\\??:`, "gm"))].map(([, name = ""]) => name);
  }
});

describe("docs/plugins/stability.md", () => {
  const levels = tableRows(page("docs/plugins/stability.md"), "Entry point", "Level").map(([entry = "", level]) => [
    codeIn(entry)[0],
    level,
  ]);

  it("lists every entry point of core, of the command library and of the library of saved plans", () => {
    const entries = ["core", "command", "saved-plans"].flatMap((name) => {
      const { exports }: { exports: object } = JSON.parse(
        readFileSync(join(ROOT, `packages/${name}/package.json`), "utf8"),
      );
      const paths = Object.keys(exports).filter((path) => path !== "./package.json" && !path.includes("*"));
      return paths.map((path) => `@maand/${name}${path.slice(1)}`);
    });
    expect(levels.map(([entry]) => entry).sort()).toEqual(entries.sort());
  });

  it("gives each entry point the stability level that its API report contains", () => {
    const report = ["core", "command", "saved-plans"]
      .map((name) => readFileSync(join(ROOT, `packages/${name}/${name}.api.md`), "utf8"))
      .join("\n");
    const found = levels.map(([entry]) => {
      const section = report.split(`\n## ${entry}\n`)[1]?.split("\n## ")[0] ?? "";
      return [entry, /^\/\/ unstable$/m.test(section) ? "unstable" : "stable"];
    });
    expect(found).toEqual(levels);
  });

  it("has an API report with a stability level for every hook, in which former names are deprecated", () => {
    const rows = tableRows(page("packages/core/core.api.md"), "Hook", "Level");
    expect(rows.map(([name = ""]) => codeIn(name)[0])).toEqual([
      ...Object.keys(createHooks()),
      ...Object.keys(RENAMED_HOOKS),
    ]);
    expect(new Set(rows.map(([, level = ""]) => level.split(":")[0]))).toEqual(
      new Set(["stable", "experimental", "deprecated"]),
    );
  });
});

describe("docs/errors.md", () => {
  const sections = [...page("docs/errors.md").text.matchAll(/^### ([A-Z_]+)\n\n\((\d+)\) (.+)$/gm)];

  it("has a section for every code, with its exit code", () => {
    const codes: ErrorCode[] = Object.keys(ERROR_CODES).filter((code): code is ErrorCode => code in ERROR_CODES);
    const exits = codes.map((code) => [code, String(exitOf(new MaandError({ code, message: "" })))]);
    expect(sections.map(([, code, exit]) => [code, exit])).toEqual(exits);
  });

  it("lists every problem code", () => {
    expect(firstWords(page("docs/errors.md"), "Code", "Problem")).toEqual(problemCodes());
  });

  /** All codes that are passed to `error` or `warning`, or set as the code of a problem. */
  function problemCodes(): string[] {
    const found = new Set(["unknown_job", "unknown_worker"]); // the code composes these from the kind of name
    for (const path of sources()) {
      const text = readFileSync(path, "utf8");
      const given = text.matchAll(/\b(?:error|warning)\(\s*"([a-z_]+)"|code: "([a-z_]+)"|_FILE, "([a-z_]+)"/g);
      for (const [, one, two, three] of given) found.add(one ?? two ?? three ?? "");
    }
    return [...found].sort();
  }

  function sources(): string[] {
    const places = readdirSync(join(ROOT, "packages")).map((name) => join(ROOT, "packages", name, "src"));
    return places
      .filter((place) => existsSync(place))
      .flatMap((place) => readdirSync(place, { recursive: true, encoding: "utf8" }).map((file) => join(place, file)))
      .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.includes("/src/testing/"));
  }
});

describe("docs/configuration.md", () => {
  const text = page("docs/configuration.md");

  it("lists the keys of maand.conf with their meanings", () => {
    const { entries } = settingsSchema(defaults().flatMap(({ settings }) => settings ?? []));
    const keys = Object.entries(entries).flatMap(([key, { wrapped }]) => [
      [`\`${key}\``, v.getDescription(wrapped)],
      ...nested(wrapped).map(([name, entry]) => [`\`${key}.${name}\``, v.getDescription(entry)]),
    ]);
    expect(tableRows(text, "Key", "Meaning and default")).toEqual(keys);
  });

  it("lists the keys of workers.json", () => {
    expect(firstWords(page("docs/configuration.md"), "Key", "Meaning").length).toBeGreaterThan(0);
    const workers = text.text.slice(text.text.indexOf("## workspace/workers.json"));
    const keys = firstWords({ path: text.path, text: workers }, "Key", "Meaning");
    const { item } = WorkersSchema;
    expect(keys).toEqual(Object.keys(item.entries));
  });

  function nested(schema: object): [string, v.GenericSchema][] {
    const entries = "pipe" in schema && Array.isArray(schema.pipe) ? schema.pipe[0]?.entries : undefined;
    return entries === undefined
      ? []
      : Object.entries<{ wrapped: v.GenericSchema }>(entries).map(([name, { wrapped }]) => [name, wrapped]);
  }
});

describe("docs/jobs-and-lifecycle.md", () => {
  it("lists the keys of a manifest, including those of stock plugins", () => {
    const claimed = defaults().flatMap(({ claims }) => Object.keys(claims ?? {}));
    const keys = firstWords(page("docs/jobs-and-lifecycle.md"), "Key", "Meaning");
    expect([...keys].sort()).toEqual([...new Set([...MANIFEST_KEYS, ...claimed])].sort());
  });
});

describe("commands", async () => {
  const known = await parser();

  it("every documented command line is valid", () => {
    const places = new Map(pages.flatMap((of) => commandLines(of).map((line) => [line, of.path])));
    const wrong = [...places].flatMap(([line, path]) => {
      const why = refusal(line, known);
      return why === undefined ? [] : [`${path}: ${line}: ${why}`];
    });
    expect(wrong).toEqual([]);
    expect(places.size).toBeGreaterThan(60);
  });

  it("every command has two examples in its help, and each is valid", () => {
    const examples = known.cli
      .definitions()
      .map(({ path, examples = [] }) => ({ path, lines: examples.map(([, line]) => line) }));
    expect(examples.filter(({ lines }) => new Set(lines).size < 2).map(({ path }) => path)).toEqual([]);
    const wrong = examples.flatMap(({ path, lines }) =>
      lines.flatMap((line) => {
        const why = refusal(
          (/maand [^|)]*/.exec(line)?.[0] ?? line)
            .replace(/ > \S+$/, "")
            .trim()
            .replaceAll("'", '"'),
          known,
        );
        return why === undefined ? [] : [`${path}: ${line}: ${why}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  it("docs/cli.md lists every command with its flags", () => {
    const rows = tableRows(page("docs/cli.md"), "Command", "Flags");
    const listed = rows.map(([command = "", flags = ""]) => [
      (codeIn(command)[0] ?? "").replace(/ [<[].*/, ""),
      codeIn(flags).sort(),
    ]);
    const there = known.cli.definitions().map(({ path, options }) => [path, options.flatMap(namesOf).sort()]);
    expect(listed.sort(byName)).toEqual(there.sort(byName));
  });

  it("every documented npm script exists", () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(join(ROOT, "package.json"), "utf8"),
    );
    const named = pages.flatMap(({ text }) =>
      [...text.matchAll(/\bnpm (?:run ([a-z:0-9]+)|(test)\b)/g)].map(([, run, test]) => run ?? test ?? ""),
    );
    expect([...new Set(named)].filter((name) => !(name in scripts))).toEqual([]);
  });

  /** The names of a flag, except spellings that differ only by `-` instead of `_`. */
  function namesOf({ definition }: { readonly definition: string }): string[] {
    const names = (definition.split(" ")[0] ?? "").split(",");
    return names.filter((name) => !/^--.*-/.test(name) || !names.includes(name.replace(/(?<=\w)-/g, "_")));
  }

  function byName([a]: readonly unknown[], [b]: readonly unknown[]): number {
    return String(a) < String(b) ? -1 : 1;
  }
});

describe("README.md", () => {
  const plugin = blocksOf(page("README.md")).find(({ info }) => info === "ts")?.code ?? "";

  it("shows the plugin of plugins-examples/notify-file/maand.config.ts", () => {
    expect(plugin).toBe(readFileSync(join(ROOT, "plugins-examples/notify-file/maand.config.ts"), "utf8"));
  });

  it("shows a working plugin", async () => {
    const bucket = aBucket();
    writeFileSync(join(bucket.root, "maand.config.ts"), plugin);
    bucket.workers("10.0.0.1");
    bucket.job("api", { selectors: ["worker"] });
    const stock = () => [bucket.fleet.plugin];
    const maand = await openBucket({
      from: bucket.root,
      now: () => new Date(),
      signal: new AbortController().signal,
      pid: process.pid,
      defaults: stock,
      modules: { "@maand/core": async () => core, "@maand/cli": async () => ({ defaults: stock }) },
    });
    await build(maand);
    await deploy(maand, { jobs: [], force: false, syncOnly: false });
    maand.close();
    expect(JSON.parse(readFileSync(join(bucket.root, "deploys.ndjson"), "utf8"))).toMatchObject({
      outcome: "ok",
      promoted: 1,
    });
    bucket.dispose();
  });

  it("lists every package", () => {
    const packages = readdirSync(join(ROOT, "packages")).map((name) => `packages/${name}`);
    const linked = linksOf(page("README.md")).map(({ to }) => to);
    expect(packages.filter((path) => !linked.some((to) => to === path || to.startsWith(`${path}/`)))).toEqual([]);
  });
});

describe("pages", () => {
  it("every relative link resolves", () => {
    const broken = pages.flatMap((from) =>
      linksOf(from)
        .filter(
          ({ to, anchor }) =>
            !existsSync(join(ROOT, to)) || (anchor !== undefined && !anchorsOf(page(to)).includes(anchor)),
        )
        .map(({ to, anchor }) => `${from.path} -> ${to}${anchor === undefined ? "" : `#${anchor}`}`),
    );
    expect(broken).toEqual([]);
  });

  it("every TypeScript example compiles", () => {
    expect(
      typeCheck(
        pages.flatMap(blocksOf).filter(({ info, page: path }) => /^ts\b/.test(info) && !path.startsWith("test/")),
      ),
    ).toEqual([]);
  });

  it("every JSON example is valid", () => {
    const broken = pages
      .flatMap(blocksOf)
      .filter(({ info }) => /^json\b/.test(info))
      .filter(({ code }) => !parses(code) && !parses(`{${code}}`))
      .map(({ page: path, code }) => `${path}: ${code.slice(0, 40)}`);
    expect(broken).toEqual([]);
  });

  it("directory listings name only existing paths, and all paths of the first level", () => {
    for (const name of ["core", "cli"]) {
      const src = join(ROOT, "packages", name, "src");
      const files = new Set(
        readdirSync(src, { recursive: true, encoding: "utf8" }).map((path) => path.split("/").at(-1)),
      );
      const map =
        blocksOf(page(`packages/${name}/README.md`)).find(
          ({ code }) => code.includes("\nsrc/\n") || code.startsWith("src/\n"),
        )?.code ?? "";
      const words = map.match(/[\w-]+\.ts\b|^ +[\w-]+(?=\/)/gm)?.map((word) => word.trim()) ?? [];
      expect(
        words.filter((word) => !files.has(word)),
        name,
      ).toEqual([]);
      expect(
        readdirSync(src).filter((entry) => !words.includes(entry) && !/\.test\.ts$/.test(entry)),
        name,
      ).toEqual([]);
    }
  });

  function parses(text: string): boolean {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }
});

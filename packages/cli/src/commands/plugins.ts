import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Column } from "@maand/command";
import { Command, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { systemText } from "@maand/command/unexpected";
import { type HookName, MaandError } from "@maand/core";
import { commandPaths, type LoadedPlugin, type OpenedBucket, tapsOf } from "@maand/core/internal";
import { printTrace } from "../output/trace/print-trace.ts";
import { hookRows } from "../output/trace/rows.ts";
import { readTrace } from "../output/trace/trace-file.ts";
import { version } from "../version.ts";

/** `maand plugins`. */
export class PluginsCommand extends EngineCommand {
  static override paths = [["plugins"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "list the loaded plugins with their source, hooks and additions",
    details:
      "With --trace, reads a file that maand deploy --trace wrote, and prints the time that each plugin took in each hook. This needs no bucket.",
    examples: [
      ["Show the order of the taps", "maand plugins --verbose"],
      ["Show a trace again, also by worker and job", "maand plugins --trace trace.json --verbose"],
    ],
  });

  verbose = Option.Boolean("--verbose", false, {
    description: "Also show the order of taps by hook; with --trace, also times by job and worker.",
  });
  trace = Option.String("--trace", { description: "Show the times in this trace file of maand deploy --trace." });

  override async work(): Promise<number> {
    if (this.trace !== undefined) return this.showTrace(this.trace);
    return this.withEngine(async ({ loaded, hooks }) => {
      const rows = loaded.plugins.map((plugin) => describe(plugin, hooks));
      const order = orderOf(hooks);
      if (this.json) this.printJson(this.verbose ? { plugins: rows, order } : rows);
      else {
        this.printTable(
          COLUMNS,
          rows.map((row) => [row.name, row.version ?? "-", row.source, row.hooks.join(" "), adds(row)]),
        );
        if (rows.length === 0) this.print(NONE);
        if (this.verbose)
          this.printTable(
            ["hook", { name: "taps, in call order", minWidth: 40 }],
            Object.entries(order).map(([hook, taps]) => [hook, taps.join(", ")]),
          );
      }
      return 0;
    });
  }

  showTrace(file: string): number {
    const trace = readTrace(this.readFile(file), file);
    if (this.json) this.printJson({ ...trace, hooks: hookRows(trace.rows) });
    else printTrace(this, trace, this.verbose);
    return 0;
  }

  readFile(file: string): string {
    try {
      return readFileSync(resolve(this.from, file), "utf8");
    } catch (cause) {
      const why = cause instanceof Error ? systemText(cause) : String(cause);
      throw new MaandError({ code: "USAGE", message: `${file} cannot be read: ${why}`, cause });
    }
  }
}

const COLUMNS: readonly Column[] = [
  "plugin",
  { name: "version", dropOrder: 1 },
  { name: "source", minWidth: 16, dropOrder: 2 },
  { name: "hooks", minWidth: 24 },
  { name: "adds", minWidth: 24 },
];

/** The message for a bucket without plugins. */
const NONE = `no plugin is loaded: maand can build and inspect the workspace, but cannot reach workers
  set plugins: ["defaults"] in the configuration, or remove "plugins", to load the stock plugins`;

type Row = ReturnType<typeof describe>;

function describe({ plugin, source, version: found }: LoadedPlugin, hooks: OpenedBucket["hooks"]) {
  const tapped = hookNames(hooks).filter((name) => tapsOf(hooks, name).some((tap) => tap.plugin === plugin.name));
  return {
    name: plugin.name,
    version: plugin.version ?? found ?? (source === "stock" ? version() : null),
    source,
    hooks: tapped,
    commands: commandPaths(plugin.commands),
    tables: Object.keys(plugin.tables ?? {}),
    manifest_keys: Object.keys(plugin.claims ?? {}),
  };
}

function adds({ commands, tables, manifest_keys: keys }: Row): string {
  return [
    ...commands.map((path) => `command ${path}`),
    ...tables.map((word) => `table ${word}`),
    ...keys.map((key) => `manifest key ${key}`),
  ].join(", ");
}

/** The taps of each hook that has taps, as the names of the taps and of their plugins. */
function orderOf(hooks: OpenedBucket["hooks"]): Record<string, string[]> {
  const order = hookNames(hooks).map((name): [string, string[]] => [
    name,
    tapsOf(hooks, name).map(({ tap, plugin }) => (plugin === undefined || plugin === tap ? tap : `${plugin} (${tap})`)),
  ]);
  return Object.fromEntries(order.filter(([, taps]) => taps.length > 0));
}

function hookNames(hooks: OpenedBucket["hooks"]): HookName[] {
  return Object.keys(hooks).filter((name): name is HookName => name in hooks);
}

import { plural, type Style } from "@maand/command";
import type { Upgrade } from "./upgrade.ts";

/** The requirements of an upgrade, as text. */
export function upgradeLines(upgrade: Upgrade, style: Style): string[] {
  const { maand, node, sqlite, problems, migrations } = upgrade;
  const result =
    problems.length > 0
      ? style.bad(`${plural(problems.length, "problem")} found: this version of maand cannot use the bucket`)
      : migrations.length > 0
        ? style.good("ready: the next command upgrades the store")
        : style.good("nothing to upgrade");
  return [
    `${style.strong("maand")}    ${maand}, with Node ${node} and SQLite ${sqlite}`,
    ...storeLines(upgrade, style),
    ...pluginLines(upgrade, style),
    ...problems.flatMap(({ where, message, hint }) => [
      `${style.bad("wrong")}    ${style.strong(where)}: ${message}`,
      ...(hint === undefined ? [] : [`         ${style.faint("hint:")} ${hint}`]),
    ]),
    result,
  ];
}

function storeLines(upgrade: Upgrade, style: Style): string[] {
  const { storeVersion, neededVersion, migrations, bytes, freeBytes, backup } = upgrade;
  if (storeVersion === undefined) return [];
  const size = `${sizeText(bytes)}, ${sizeText(freeBytes)} free`;
  const line = `${style.strong("store")}    version ${storeVersion}, needed ${neededVersion}; ${size}`;
  if (migrations.length === 0) return [line];
  return [
    line,
    `         ${plural(migrations.length, "migration")}, all or nothing, at the next command that opens the bucket:`,
    ...migrations.map(({ version, tables }) => `         ${String(version).padStart(3)}  ${tables.join(", ")}`),
    `${style.strong("backup")}   none is made automatically; make one while no command runs, because an older maand cannot open the upgraded store:`,
    `         ${backup}`,
  ];
}

function pluginLines({ plugins }: Upgrade, style: Style): string[] {
  const own = plugins.filter(({ source }) => source !== "stock");
  const stock = plural(plugins.length - own.length, "stock plugin");
  if (plugins.length === 0) return [];
  return [
    `${style.strong("plugins")}  ${stock}${own.length > 0 ? `, and ${own.length} of your own:` : ""}`,
    ...own.map(
      (one) => `         ${one.plugin.name} ${versionOf(one) ?? "without a version"}${rangeText(coreOf(one))}`,
    ),
  ];
}

function rangeText(range: string | null): string {
  return range === null ? ", does not declare which versions of maand it supports" : `, supports @maand/core ${range}`;
}

function versionOf({ plugin, version }: Upgrade["plugins"][number]): string | null {
  return plugin.version ?? version ?? null;
}

function coreOf({ plugin, core }: Upgrade["plugins"][number]): string | null {
  return plugin.core ?? core ?? null;
}

function sizeText(bytes: number): string {
  return bytes < 1_000_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${(bytes / 1_000_000_000).toFixed(1)} GB`;
}

/** The requirements of an upgrade, as JSON. */
export function upgradeRecord(upgrade: Upgrade) {
  const { maand, node, sqlite, state, storeVersion, neededVersion, migrations, bytes, freeBytes, backup } = upgrade;
  return {
    maand,
    node,
    sqlite,
    store: {
      state,
      version: storeVersion ?? null,
      needed: neededVersion,
      migrations,
      bytes,
      free_bytes: freeBytes,
    },
    backup: { made: false, command: backup },
    plugins: upgrade.plugins.map((one) => ({
      name: one.plugin.name,
      version: versionOf(one),
      source: one.source,
      core: coreOf(one),
    })),
    problems: upgrade.problems.map(({ where, message, hint }) => ({ where, message, hint: hint ?? null })),
  };
}

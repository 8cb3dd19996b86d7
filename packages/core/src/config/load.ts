import { dirname, join } from "node:path";
import { error, type Problem, type Report, refuses } from "../domain/checks/problem.ts";
import { isDeclared } from "../domain/settings/plugin-settings.ts";
import { resolveSettings, type SettingsOwners } from "../domain/settings/resolve-settings.ts";
import type { Settings } from "../domain/settings/settings.ts";
import { isMaandError, problemsError } from "../errors.ts";
import { type AbsentPlugin, absentKeys } from "../plugin-api/absent-plugins.ts";
import { type InlinePlugin, inlinePlugin } from "../plugin-api/tapping/inline-hooks.ts";
import { checkPlugins } from "./check-plugins.ts";
import type { BucketPaths } from "./find-bucket.ts";
import { loadPlugins, packageNamed } from "./load-plugins.ts";
import type { Loaded, LoadedPlugin, LoadOptions } from "./loaded.ts";
import { type ReadConf, type ReadConfig, readConf, readConfig } from "./read-config.ts";
import { keyAt, lineOfKey, type Written } from "./written-at.ts";

/** Reads `maand.conf` and the configuration file of a bucket. Throws all problems together, as PROBLEMS. */
export async function loadConfig(paths: BucketPaths, options: LoadOptions): Promise<Loaded> {
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push(problem);
  const conf = await readConf(paths, report);
  const read = await readConfig(paths, options, report);
  const found = read ?? { ...conf, config: {}, path: join(paths.root, conf.file) };
  const root = dirname(found.path);
  const wanted = found.config.plugins ?? ["defaults"];
  const ofPlugins: Problem[] = [];
  const later: Report = (problem) => ofPlugins.push(problem);
  const plugins = await loadPlugins(wanted, { written: found, root, options, report: later });
  const inline = inlined(found, later);
  if (inline) plugins.push({ plugin: inline.plugin, source: found.file, inline: true });
  await checkPlugins(plugins, found, options.taken, later);
  const absent = leftOut(plugins, options);
  // an unknown key may belong to a plugin that could not be loaded
  const only: Report = refuses(ofPlugins) ? (problem) => problem.level === "error" && report(problem) : report;
  const settings = settled(conf, found, ownersOf(plugins, absent), only);
  problems.push(...ofPlugins);
  if (!settings || refuses(problems)) throw problemsError(problems, "the configuration is invalid");
  return { settings, plugins, absent, oldNames: inline?.oldNames ?? [], warnings: problems };
}

/** Stock plugins that are not loaded, with their names in a configuration. */
function leftOut(loaded: readonly LoadedPlugin[], { stock, defaults, modules }: LoadOptions): AbsentPlugin[] {
  const names = loaded.map(({ plugin }) => plugin.name);
  const others = (stock ?? defaults)().filter(({ name }) => !names.includes(name));
  return others.map((plugin) => ({ plugin, name: packageNamed(plugin.name, modules) ?? `"${plugin.name}"` }));
}

function ownersOf(loaded: readonly LoadedPlugin[], absent: readonly AbsentPlugin[]): SettingsOwners {
  const declared = loaded.flatMap(({ plugin: { settings } }) => (isDeclared(settings) ? [settings] : []));
  return { loaded: [...new Set(declared)], absent: absentKeys(absent, ({ settings }) => settings?.entries) };
}

/** Settings of both files. Each file is checked on its own, and then the combination of both. */
function settled(
  conf: ReadConf,
  { config, ...written }: ReadConfig,
  owners: SettingsOwners,
  report: Report,
): Settings | undefined {
  const alone = resolveSettings(conf.values, conf.file, owners, placing(conf, "", report));
  if (!config.settings) return alone;
  const problems: Problem[] = [];
  resolveSettings(config.settings, written.file, owners, (problem) => problems.push(problem));
  problems.forEach(placing(written, "settings.", report));
  if (!alone || refuses(problems)) return undefined;
  const together: Report = (problem) => problem.level === "error" && report(problem);
  return resolveSettings({ ...conf.values, ...config.settings }, written.file, owners, together);
}

/** Reports problems with the line of their key. */
function placing(written: Written, prefix: string, report: Report): Report {
  const head = `${written.file}: `;
  return (problem) => {
    const key = problem.where.startsWith(head) ? `${prefix}${problem.where.slice(head.length)}` : undefined;
    report(key === undefined ? problem : { ...problem, where: keyAt(written, key) });
  };
}

/** The hooks of a configuration itself, as one plugin. */
function inlined({ config, ...written }: ReadConfig, report: Report): InlinePlugin | undefined {
  if (!config.hooks) return undefined;
  try {
    return inlinePlugin(config.hooks, (name) => lineOfKey(written, `hooks.${name}`));
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
    const name = /"([^"]*)"/.exec(cause.message)?.[1] ?? "";
    report(error("invalid_config", keyAt(written, `hooks.${name}`), cause.message, cause.hint));
    return undefined;
  }
}

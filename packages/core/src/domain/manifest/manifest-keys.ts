import { type Report, warning } from "../checks/problem.ts";
import { isRecord, warnUnknownKeys } from "../checks/validate.ts";
import { COMMAND_KEYS } from "./command-schema.ts";
import { MANIFEST_ALIASES, MANIFEST_KEYS } from "./manifest-schema.ts";
import { addPlugin, STOCK_KEYS } from "./stock-plugins.ts";

/** The manifest with older names of keys exchanged for those of today, each with a warning (B16). */
export function withAliases(value: unknown, file: string, report: Report): unknown {
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).flatMap(([key, entry]): [string, unknown][] => {
    const name = Object.hasOwn(MANIFEST_ALIASES, key) ? MANIFEST_ALIASES[key] : undefined;
    if (name === undefined) return [[key, entry]];
    const both = Object.hasOwn(value, name);
    const message = both ? `"${key}" is an older name of "${name}", and is ignored` : `"${key}" is an older name`;
    report(warning("renamed_key", `${file}: ${key}`, message, both ? "take it out" : `write "${name}"`));
    return both ? [] : [[name, entry]];
  });
  return Object.fromEntries(entries);
}

/** Warns of keys in a manifest that neither core nor a plugin knows, in every part that core reads (decision 21). */
export function warnUnknownManifestKeys(
  manifest: unknown,
  claimed: readonly string[],
  file: string,
  report: Report,
): void {
  const check = (value: unknown, parent: string, known: readonly string[]) => {
    if (isRecord(value)) warnUnknownKeys(value, known, file, parent, report);
  };
  check(withoutStockKeys(manifest, claimed, file, report), "", [...MANIFEST_KEYS, ...claimed]);
  const resources = part(manifest, "resources");
  check(resources, "resources", ["memory", "cpu", "ports"]);
  check(part(resources, "memory"), "resources.memory", ["min", "max"]);
  check(part(resources, "cpu"), "resources.cpu", ["min", "max"]);
  for (const [name, command] of Object.entries(part(manifest, "commands") ?? {})) {
    check(command, `commands.${name}`, COMMAND_KEYS);
    check(part(command, "demands"), `commands.${name}.demands`, ["job", "command", "config"]);
  }
}

/** A key whose stock plugin was taken out is no typing mistake: it is told which plugin would read it. */
function withoutStockKeys(manifest: unknown, claimed: readonly string[], file: string, report: Report): unknown {
  if (!isRecord(manifest)) return manifest;
  const unread = Object.keys(manifest).filter((key) => STOCK_KEYS.has(key) && !claimed.includes(key));
  for (const key of unread)
    report(
      warning(
        "unknown_key",
        `${file}: ${key}`,
        `no loaded plugin reads "${key}", so it is ignored`,
        addPlugin(STOCK_KEYS.get(key) ?? ""),
      ),
    );
  return Object.fromEntries(Object.entries(manifest).filter(([key]) => !unread.includes(key)));
}

function part(value: unknown, key: string): Readonly<Record<string, unknown>> | undefined {
  const inside = isRecord(value) ? value[key] : undefined;
  return isRecord(inside) ? inside : undefined;
}

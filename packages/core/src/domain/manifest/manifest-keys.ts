import { type Report, warning } from "../checks/problem.ts";
import { isRecord, warnAbsentKeys, warnUnknownKeys } from "../checks/validate.ts";
import { COMMAND_KEYS } from "./command-schema.ts";
import { MANIFEST_ALIASES, MANIFEST_KEYS } from "./manifest-schema.ts";
import { ROLLOUT_KEYS } from "./rollout-schema.ts";

/** The owners of manifest keys that core does not read. */
export interface ManifestOwners {
  /** Keys of loaded plugins. */
  readonly claimed: readonly string[];
  /** Keys of plugins that are available but not loaded, each with the step that enables it. */
  readonly absent: ReadonlyMap<string, string>;
}

/** Replaces deprecated key names in a manifest with the current names, each with a warning. */
export function withAliases(value: unknown, file: string, report: Report): unknown {
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).flatMap(([key, entry]): [string, unknown][] => {
    const name = Object.hasOwn(MANIFEST_ALIASES, key) ? MANIFEST_ALIASES[key] : undefined;
    if (name === undefined) return [[key, entry]];
    const both = Object.hasOwn(value, name);
    const message = both ? `"${key}" is an older name of "${name}", and is ignored` : `"${key}" is an older name`;
    report(warning("renamed_key", `${file}: ${key}`, message, both ? "remove it" : `write "${name}"`));
    return both ? [] : [[name, entry]];
  });
  return Object.fromEntries(entries);
}

/** Warns about unknown keys in all parts of a manifest that core reads. */
export function warnUnknownManifestKeys(
  manifest: unknown,
  { claimed, absent }: ManifestOwners,
  file: string,
  report: Report,
): void {
  const known = [...MANIFEST_KEYS, ...claimed];
  const check = (value: unknown, parent: string, known: readonly string[]) => {
    if (isRecord(value)) warnUnknownKeys(value, known, file, parent, report);
  };
  if (isRecord(manifest)) check(warnAbsentKeys(manifest, known, absent, { file, prefix: "" }, report), "", known);
  check(part(manifest, "rollout"), "rollout", ROLLOUT_KEYS);
  const resources = part(manifest, "resources");
  check(resources, "resources", ["memory", "cpu", "ports"]);
  check(part(resources, "memory"), "resources.memory", ["min", "max"]);
  check(part(resources, "cpu"), "resources.cpu", ["min", "max"]);
  for (const [name, command] of Object.entries(part(manifest, "commands") ?? {})) {
    check(command, `commands.${name}`, COMMAND_KEYS);
    check(part(command, "demands"), `commands.${name}.demands`, ["job", "command", "config"]);
  }
}

function part(value: unknown, key: string): Readonly<Record<string, unknown>> | undefined {
  const inside = isRecord(value) ? value[key] : undefined;
  return isRecord(inside) ? inside : undefined;
}

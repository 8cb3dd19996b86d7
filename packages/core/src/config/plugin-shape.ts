import { isRecord } from "../domain/checks/validate.ts";
import { didYouMean } from "../domain/workspace/names.ts";
import { type Claim, isTyped } from "../plugin-api/define/claim.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { INLINE_NAME } from "../plugin-api/tapping/inline-hooks.ts";

/** A problem with a plugin itself, and how to fix it. */
export interface ShapeProblem {
  readonly message: string;
  readonly hint: string;
}

/**
 * Every key of a plugin. The type guarantees that the list is complete. `options` is the schema that was passed to
 * `pluginWithOptions`.
 */
const KEYS: Readonly<Record<keyof Plugin | "options", true>> = {
  name: true,
  version: true,
  core: true,
  apply: true,
  dispose: true,
  needs: true,
  commands: true,
  provides: true,
  tables: true,
  workerFiles: true,
  settings: true,
  claims: true,
  schemas: true,
  options: true,
};

const CLAIM_KEYS: Readonly<Record<keyof Claim | "key" | "of", true>> = {
  description: true,
  schema: true,
  lifecycle: true,
  jsonSchema: true,
  key: true,
  of: true,
};

/** Names of the plugins that are built in. */
const RESERVED: readonly string[] = ["run-log", "output", "program"];

/** Plugin names are used in events (`acme.soaked`), to order taps, and on the command line. */
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/** Checks a plugin's name, its keys and the keys of its claims. A mistyped key would be silently ignored. */
export function shapeProblems(plugin: Plugin, isInline: boolean): ShapeProblem[] {
  return [
    ...(isInline ? [] : nameProblems(plugin.name)),
    ...keyProblems(`plugin "${plugin.name}"`, plugin, Object.keys(KEYS)),
    ...Object.entries(plugin.claims ?? {}).flatMap(([key, claim]) => claimProblems(plugin.name, key, claim)),
  ];
}

function nameProblems(name: string): ShapeProblem[] {
  if (name === INLINE_NAME || RESERVED.includes(name))
    return [{ message: `plugin "${name}" has a reserved name`, hint: "choose another name" }];
  if (NAME.test(name)) return [];
  const better =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^[-0-9]+|-+$/g, "") || "my-plugin";
  const hint = `use lower-case letters, digits and dashes, such as "${better}"`;
  return [{ message: `plugin "${name}" has a name that is not allowed`, hint }];
}

function claimProblems(plugin: string, key: string, claim: Claim): ShapeProblem[] {
  if (!isRecord(claim)) return [];
  const wrong = keyProblems(`the claim "${key}" of plugin "${plugin}"`, claim, Object.keys(CLAIM_KEYS));
  if (!isTyped(claim) || claim.key === key) return wrong;
  const message = `plugin "${plugin}" claims the key "${key}" with a claim defined for "${claim.key}"`;
  return [...wrong, { message, hint: `write claims: { ${claim.key}: ... }` }];
}

function keyProblems(what: string, value: object, known: readonly string[]): ShapeProblem[] {
  const unknown = Object.keys(value).filter((key) => !known.includes(key));
  return unknown.map((key) => ({
    message: `${what} has no key "${key}"`,
    hint: didYouMean(key, known) ?? `keys: ${known.join(", ")}`,
  }));
}

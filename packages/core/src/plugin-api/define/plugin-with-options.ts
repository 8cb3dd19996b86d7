import type { StandardSchemaV1 } from "@standard-schema/spec";
import { error, type Problem } from "../../domain/checks/problem.ts";
import { isRecord } from "../../domain/checks/validate.ts";
import { didYouMean } from "../../domain/workspace/names.ts";
import { problemsError } from "../../errors.ts";
import type { Hooks } from "../hooks.ts";
import type { PluginTools } from "../life/plugin-tools.ts";
import { toolsAlone } from "../life/tools-alone.ts";
import type { Plugin } from "../plugin.ts";

/** A plugin with options: like a plugin, with the schema of the options, and an `apply` that receives them. */
export interface PluginWithOptions<Name extends string, Schema extends StandardSchemaV1>
  extends Omit<Plugin<Name>, "apply"> {
  /** A schema from any library that implements Standard Schema; it must be synchronous. */
  readonly options: Schema;
  /** Called once; `options` is the output of the schema, with its defaults. */
  apply(hooks: Hooks, options: StandardSchemaV1.InferOutput<Schema>, tools: PluginTools): void | Promise<void>;
}

/** The function that creates the plugin; options are optional if the schema accepts `{}`. */
export interface PluginMaker<Name extends string, Schema extends StandardSchemaV1> {
  (
    ...given: Partial<StandardSchemaV1.InferInput<Schema>> extends StandardSchemaV1.InferInput<Schema>
      ? [options?: StandardSchemaV1.InferInput<Schema>]
      : [options: StandardSchemaV1.InferInput<Schema>]
  ): Plugin<Name>;
  /** The schema of its options. */
  readonly options: Schema;
}

/**
 * Declares a plugin with options, and returns the function that creates it: `slack({ channel: "#ops" })`. The function
 * throws PROBLEMS for invalid options, each with its key; for an unknown option, with a suggestion.
 */
export function pluginWithOptions<const Name extends string, Schema extends StandardSchemaV1>(
  declared: PluginWithOptions<Name, Schema>,
): PluginMaker<Name, Schema> {
  const make = (given?: unknown): Plugin<Name> => {
    const options = checkedOptions(declared.name, declared.options, given ?? {});
    const { options: _, ...plugin } = declared;
    return { ...plugin, apply: (hooks, tools = toolsAlone(declared)) => declared.apply(hooks, options, tools) };
  };
  return Object.assign(make, { options: declared.options });
}

/** Options as the schema returns them. Throws PROBLEMS for options that it rejects, and for unknown ones. */
export function checkedOptions<Schema extends StandardSchemaV1>(
  name: string,
  schema: Schema,
  given: unknown,
): StandardSchemaV1.InferOutput<Schema> {
  const unknown = unknownOptions(name, schema, given);
  const checked = schema["~standard"].validate(given);
  if (checked instanceof Promise)
    throw new Error(`the options of plugin "${name}" are checked by an asynchronous schema`);
  const wrong = (checked.issues ?? []).map(({ path, message }) =>
    error("invalid_options", [name, ...keysOf(path)].join("."), message),
  );
  const named = new Set(unknown.map(({ where }) => where));
  const problems = [...unknown, ...wrong.filter(({ where }) => !named.has(where))];
  if (checked.issues || problems.length > 0) throw problemsError(problems, `plugin "${name}" refuses its options`);
  return checked.value;
}

function keysOf(path: readonly unknown[] | undefined): string[] {
  return (path ?? []).map((part) => String(isRecord(part) && "key" in part ? part.key : part));
}

/** Unknown options. Most schemas silently drop them, so a mistyped option would be ignored. */
function unknownOptions(name: string, schema: object, given: unknown): Problem[] {
  const known = knownKeys(schema);
  if (!known || !isRecord(given)) return [];
  return Object.keys(given)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const hint = didYouMean(key, known) ?? (known.length > 0 ? `options: ${known.join(", ")}` : "it has no options");
      return error("invalid_options", `${name}.${key}`, `plugin "${name}" has no option "${key}"`, hint);
    });
}

/** The keys of an object schema, from `entries` (valibot) or `shape` (zod); undefined if they are unknown. */
function knownKeys(schema: object): string[] | undefined {
  const [inner = schema]: readonly unknown[] = "pipe" in schema && Array.isArray(schema.pipe) ? schema.pipe : [];
  if (!isObject(inner)) return undefined;
  // a schema that accepts further keys
  if ("rest" in inner || ("type" in inner && inner.type === "loose_object")) return undefined;
  const parts = "entries" in inner ? inner.entries : "shape" in inner ? inner.shape : undefined;
  return isRecord(parts) ? Object.keys(parts) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

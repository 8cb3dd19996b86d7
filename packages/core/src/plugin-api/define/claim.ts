import type { StandardSchemaV1 } from "@standard-schema/spec";
import type * as v from "valibot";
import { isRecord } from "../../domain/checks/validate.ts";
import type { PluginSettings } from "../../domain/settings/plugin-settings.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { jsonSchemaOf } from "../json-schema-of.ts";

/**
 * A key of `manifest.json` that a plugin owns. A build warns about keys that no plugin claims, because they are often
 * typos.
 */
export interface Claim {
  /** A description in one sentence. It becomes part of the JSON Schema, and editors show it. */
  readonly description: string;
  /**
   * The schema that a build checks the value against. It can be from any library that implements Standard Schema
   * (valibot, zod, arktype, ...). Its output, with defaults and transforms, becomes the value of the key in
   * `job.manifest`.
   */
  readonly schema: StandardSchemaV1;
  /** Whether this plugin starts and stops the jobs that have this key. Such jobs need no Makefile. Default: false. */
  readonly lifecycle?: boolean;
  /** The schema as JSON Schema, for `maand schema manifest`. */
  readonly jsonSchema?: () => Record<string, unknown>;
}

/** A claim with a typed function that reads the key's value from a job. */
export interface TypedClaim<Schema extends StandardSchemaV1 = StandardSchemaV1> extends Claim {
  readonly schema: Schema;
  /** The key of `manifest.json`. */
  readonly key: string;
  /**
   * Reads the key's value from a job's manifest and returns the schema's output. Returns undefined if the key is
   * missing, its value is invalid, or the schema is asynchronous.
   */
  of(job: Pick<Job, "manifest">): StandardSchemaV1.InferOutput<Schema> | undefined;
}

/** Keys that a plugin owns in user-written files. */
export interface OwnedKeys {
  /** Keys of `maand.conf`, created with `defineSettings`. */
  readonly settings?: PluginSettings;
  /** Keys of `manifest.json`. Each claim is created with `defineClaim`, or is a plain object. */
  readonly claims?: Readonly<Record<string, Claim>>;
  /** Schemas of files that the plugin reads. Each name is an argument of `maand schema`: `maand schema <name>`. */
  readonly schemas?: Readonly<Record<string, FileSchema>>;
}

/**
 * The schema of a file that a plugin reads: `maand schema` prints it, and `maand init` and builds write it for editors.
 */
export interface FileSchema {
  /** The description of the file. */
  readonly description: string;
  /** Patterns of the YAML files that the schema describes, relative to the bucket's directory; `*` is a wildcard. */
  readonly yamlFiles: readonly string[];
  /** The schema, without `$schema`. */
  jsonSchema(): Record<string, unknown> | Promise<Record<string, unknown>>;
}

/**
 * Defines a key of `manifest.json` with a typed reader: `claims: { canary: CANARY }`, and then
 * `CANARY.of(job)?.soak_seconds`. If `schema` is a valibot schema and `jsonSchema` is not given, the JSON Schema for
 * editors is generated.
 */
export function defineClaim<Schema extends StandardSchemaV1>(
  key: string,
  claim: Omit<Claim, "schema"> & { readonly schema: Schema },
): TypedClaim<Schema> {
  const { schema } = claim;
  const made = isValibot(schema) ? { jsonSchema: () => jsonSchemaOf(schema) } : {};
  return Object.freeze({
    ...made,
    ...claim,
    key,
    of: (job: Pick<Job, "manifest">) => claimedValue(key, schema, job.manifest),
  });
}

/** Whether the claim was created with `defineClaim`. */
export function isTyped(claim: Claim): claim is TypedClaim {
  return "key" in claim && "of" in claim;
}

const resolved = new WeakMap<object, ReadonlySet<string>>();

/**
 * The manifest with the schemas' outputs in place of the written values, or the same object if there is nothing to
 * replace. A value that a schema rejects, or checks asynchronously, stays as written.
 */
export function withOutputs(manifest: Job["manifest"], claims: ReadonlyMap<string, Claim>): Job["manifest"] {
  const outputs: Record<string, unknown> = {};
  for (const [key, { schema }] of claims) {
    const output = key in manifest ? outputOf(schema, manifest[key]) : undefined;
    if (output) outputs[key] = output.value;
  }
  if (Object.keys(outputs).length === 0) return manifest;
  const all = Object.freeze({ ...manifest, ...outputs });
  resolved.set(all, new Set(Object.keys(outputs)));
  return all;
}

/**
 * The schema's output for the key; undefined if the key is missing, its value is invalid, or the schema is
 * asynchronous. A value that `withOutputs` has already replaced is returned unchanged, so that it is not transformed
 * twice.
 */
function claimedValue<Schema extends StandardSchemaV1>(
  key: string,
  schema: Schema,
  manifest: Job["manifest"],
): StandardSchemaV1.InferOutput<Schema> | undefined {
  if (!(key in manifest)) return undefined;
  if (resolved.get(manifest)?.has(key)) return known<Schema>(manifest, key);
  return outputOf(schema, manifest[key])?.value;
}

/** Returns a value that `withOutputs` has replaced, with the type of the schema's output. */
function known<Schema extends StandardSchemaV1>(
  manifest: Job["manifest"],
  key: string,
): StandardSchemaV1.InferOutput<Schema>;
function known(manifest: Job["manifest"], key: string): unknown {
  return manifest[key];
}

function outputOf<Schema extends StandardSchemaV1>(
  schema: Schema,
  value: unknown,
): StandardSchemaV1.SuccessResult<StandardSchemaV1.InferOutput<Schema>> | undefined;
function outputOf(schema: StandardSchemaV1, value: unknown): StandardSchemaV1.SuccessResult<unknown> | undefined {
  const checked = schema["~standard"].validate(value);
  if (checked instanceof Promise) {
    checked.catch(() => undefined);
    return undefined;
  }
  return checked.issues ? undefined : checked;
}

function isValibot(schema: object): schema is v.GenericSchema {
  return "kind" in schema && schema.kind === "schema" && isRecord(Reflect.get(schema, "~standard"));
}

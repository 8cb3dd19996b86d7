import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OwnedKeys } from "@maand/core/internal";
import { createFile, makeDirectories, SCHEMA_NAMES, schemaFile } from "@maand/core/internal";
import { replaceFile } from "@maand/core/operator";
import { jsonSchema, pluginSchema, pluginSchemaMark, pluginSchemas, schemaMark } from "./json-schema.ts";

/**
 * Writes what editors need to complete and check the files of a bucket, without network access or configuration: the
 * schemas, if they changed, and settings for VS Code unless they exist. Returns the written paths, relative to `root`.
 */
export async function writeEditorFiles(root: string, plugins: readonly OwnedKeys[]): Promise<string[]> {
  const own = SCHEMA_NAMES.map((name) => [schemaFile(name), textOf(jsonSchema(name, plugins))] as const);
  const added = await Promise.all(
    pluginSchemas(plugins).map(
      async ([name, schema]) => [schemaFile(name), textOf(await pluginSchema(schema))] as const,
    ),
  );
  const schemas = [...own, ...added];
  const settings = [VSCODE, textOf(vscodeSettings(plugins))] as const;
  const wanted = existsSync(join(root, VSCODE)) ? schemas : [...schemas, settings];
  const written = wanted.filter(([file, text]) => write(join(root, file), text));
  return written.map(([file]) => file);
}

/**
 * Writes schemas in `workspace/.schemas` again if they have changed, for example after an upgrade or with another
 * plugin. Does not create that directory. Returns the written paths, relative to `root`. Unchanged schemas are
 * recognised by their `$comment`, and are not generated.
 */
export async function refreshSchemas(root: string, plugins: readonly OwnedKeys[]): Promise<string[]> {
  if (!existsSync(join(root, dirname(schemaFile("manifest"))))) return [];
  const isOld = (name: string, mark: string) => !startOf(join(root, schemaFile(name))).includes(JSON.stringify(mark));
  const own = SCHEMA_NAMES.filter((name) => isOld(name, schemaMark(name, plugins)));
  const added = pluginSchemas(plugins).filter(([name, schema]) => isOld(name, pluginSchemaMark(schema)));
  const texts = [
    ...own.map((name) => [schemaFile(name), textOf(jsonSchema(name, plugins))] as const),
    ...(await Promise.all(
      added.map(async ([name, schema]) => [schemaFile(name), textOf(await pluginSchema(schema))] as const),
    )),
  ];
  return texts.filter(([file, text]) => write(join(root, file), text)).map(([file]) => file);
}

/** The start of a file, which contains the `$comment` of a schema; empty if the file does not exist. */
function startOf(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8").slice(0, 400) : "";
}

/** `workers.json` is a list and cannot name its schema, so the editor settings name it. */
const VSCODE = ".vscode/settings.json";
const VSCODE_SETTINGS = {
  "json.schemas": [
    { fileMatch: ["/workspace/jobs/*/manifest.json"], url: `./${schemaFile("manifest")}` },
    { fileMatch: ["/workspace/workers.json"], url: `./${schemaFile("workers")}` },
    { fileMatch: ["/workspace/disabled.json"], url: `./${schemaFile("disabled")}` },
  ],
  "files.associations": { "maand.conf": "toml", "**/workspace/bucket*.conf": "toml" },
};

/** The settings, with the YAML files of plugins. */
function vscodeSettings(plugins: readonly OwnedKeys[]): object {
  const yaml = pluginSchemas(plugins).map(([name, { yamlFiles }]) => [`./${schemaFile(name)}`, yamlFiles]);
  return yaml.length === 0 ? VSCODE_SETTINGS : { ...VSCODE_SETTINGS, "yaml.schemas": Object.fromEntries(yaml) };
}

function textOf(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function write(file: string, text: string): boolean {
  if (!existsSync(file)) {
    makeDirectories(dirname(file));
    createFile(file, text);
    return true;
  }
  if (readFileSync(file, "utf8") === text) return false;
  replaceFile(file, text);
  return true;
}

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { OwnedKeys } from "@maand/core/internal";
import { createFile, makeDirectories, SCHEMA_NAMES, schemaFile } from "@maand/core/internal";
import { replaceFile } from "@maand/core/operator";
import { jsonSchema, pluginSchema, pluginSchemas } from "./json-schema.ts";

/**
 * Writes what editors need to complete and check the files of a bucket, without a network or a setting: the schemas,
 * whenever they changed, and settings for VS Code unless there are some. Returns the written paths, relative to `root`.
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

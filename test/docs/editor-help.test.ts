import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SchemaName } from "@maand/core/internal";
import { canary } from "@maand/example-canary";
import { kvFromEnv } from "@maand/example-kv-from-env";
import { lifecycleCompose } from "@maand/example-lifecycle-compose";
import { lifecycleSystemd } from "@maand/example-lifecycle-systemd";
import { jsonSchema } from "@maand/plugin-operations/tools";
import { Ajv } from "ajv";
import { parse } from "smol-toml";
import { describe, expect, it, onTestFinished } from "vitest";
import { defaults } from "../../packages/cli/src/defaults.ts";
import { allPages, blocksOf } from "./pages.ts";

/** Checks documented files like an editor, with the schemas of a bucket with all plugins of this repository. */
const ajv = new Ajv({ strict: true, strictRequired: false, strictTypes: false });
for (const keyword of ["patternErrorMessage", "deprecationMessage", "doNotSuggest"]) ajv.addKeyword(keyword);

const examples = [canary(), kvFromEnv(), lifecycleCompose(), lifecycleSystemd()];
const checks = {
  manifest: ajv.compile(jsonSchema("manifest", [...defaults(), ...examples])),
  workers: ajv.compile(jsonSchema("workers", [])),
  disabled: ajv.compile(jsonSchema("disabled", [])),
  config: ajv.compile(jsonSchema("config", defaults())),
};

/** The problems that an editor shows, each as `where message`. */
function marks(name: SchemaName, value: unknown): string[] {
  const check = checks[name];
  return check(value) ? [] : (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

interface DemoBucket {
  writeWorkspace(where: { directory: string; hosts: readonly string[]; port: number }): void;
}

describe("an editor reports no problem", () => {
  it("in the demo bucket", async () => {
    const { href } = new URL("../../scripts/demo/bucket.mjs", import.meta.url);
    const { writeWorkspace }: DemoBucket = await import(href);
    const directory = mkdtempSync(join(tmpdir(), "maand-demo-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    mkdirSync(join(directory, "workspace"));
    writeWorkspace({ directory, hosts: ["127.0.0.11", "127.0.0.12"], port: 8181 });
    const read = (path: string) => JSON.parse(readFileSync(join(directory, "workspace", path), "utf8"));
    const jobs = readdirSync(join(directory, "workspace/jobs"));
    expect(jobs).not.toEqual([]);
    for (const job of jobs) expect(marks("manifest", read(`jobs/${job}/manifest.json`)), job).toEqual([]);
    expect(marks("workers", read("workers.json"))).toEqual([]);
  });

  const shown = allPages()
    .flatMap(blocksOf)
    .flatMap(({ page, info, code }) => filesIn(info, code).map(([name, value]) => ({ page, name, value })));

  it.each(["manifest", "workers", "disabled", "config"] as const)("in any %s of the documentation", (name) => {
    const ofName = shown.filter((one) => one.name === name);
    expect(ofName).not.toEqual([]);
    for (const { page, value } of ofName) expect([page, ...marks(name, value)]).toEqual([page]);
  });
});

/** The files in a block, recognized by their keys. A block with a single key is part of a manifest. */
function filesIn(info: string, code: string): [SchemaName, unknown][] {
  if (info === "toml") {
    const conf = parse(code);
    return Object.keys(conf).some((key) => /^(ssh_|certs_|max_concurrent_jobs|timeouts)/.test(key))
      ? [["config", conf]]
      : [];
  }
  if (info !== "json") return [];
  const value: unknown = JSON.parse(/^\s*"/.test(code) ? `{${code}}` : code);
  const keys = typeof value === "object" && value !== null ? Object.keys(Array.isArray(value) ? value[0] : value) : [];
  if (Array.isArray(value)) return keys.includes("host") ? [["workers", value]] : [];
  if (keys.some((key) => /^(version|selectors|resources|commands|health_check|certs)$/.test(key)))
    return [["manifest", value]];
  return keys.some((key) => /^(jobs|workers)$/.test(key)) && typeof Object(value).jobs !== "number"
    ? [["disabled", value]]
    : [];
}

describe("an editor, like a build,", () => {
  const check = (one: object) => ({ health_check: { checks: [one] } });

  it.each([
    ["a mistyped key", { selectrs: [] }],
    ["a check of an unknown type", check({ type: "tpc", port: "http" })],
    ["an http check without a port", check({ type: "http" })],
    ["an ssh check without a command", check({ type: "ssh", port: "http" })],
    ["a path without its /", check({ type: "http", port: "http", path: "ready" })],
    ["a mistyped key of a check", check({ type: "tcp", prot: "http", port: "http" })],
    ["a mistyped key of wait", { health_check: { wait: { attempt: 3 } } }],
    ["a string where a number is expected", { health_check: { timeout_seconds: "5" } }],
  ])("reports %s", (_, manifest) => {
    expect(marks("manifest", manifest)).not.toEqual([]);
  });

  it("reports no problem in a valid file", () => {
    const checks = [
      { type: "tcp", port: "http" },
      { type: "http", port: "http", path: "/" },
      { type: "ssh", command: "true" },
    ];
    expect(marks("manifest", { health_check: { checks, timeout_seconds: 5, wait: { attempts: 3 } } })).toEqual([]);
  });
});

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as v from "valibot";
import type { TestContext } from "vitest";
import type { Problem } from "../domain/checks/problem.ts";
import { defineSettings, setting } from "../domain/settings/plugin-settings.ts";
import { isMaandError } from "../errors.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import { pluginList } from "../plugin-api/plugin-list.ts";
import { bucketPaths } from "./find-bucket.ts";
import { loadConfig } from "./load.ts";
import type { Loaded, LoadOptions } from "./loaded.ts";

/** A plugin that does nothing. */
export const silent = (name: string): Plugin => ({ name, apply() {} });

/** Keys of `maand.conf` that the stock plugin `ssh` of these tests owns. */
export const SSH_KEYS = defineSettings({
  entries: {
    ssh_user: setting(v.string(), 'User on the workers; default "agent".', "agent"),
    ssh_port: setting(v.number(), "Port of sshd; default 22.", 22),
    use_sudo: setting(v.boolean(), "Through sudo; default true.", true),
    ssh_tries: setting(v.number(), "Attempts in total; default 3.", 3),
    ssh_quick_tries: setting(v.number(), "Attempts without a pause; default 1.", 1),
    "timeouts.login": setting(v.number(), "Seconds a login may take; default 20.", 20),
  },
  check({ ssh_tries: all, ssh_quick_tries: quick }, refuse) {
    if (quick > all) refuse("ssh_quick_tries", `${quick} is more than ssh_tries, ${all}`, "make it smaller");
  },
});

/** Two stock plugins; `ssh` owns keys of `maand.conf`. */
export const stock = () => pluginList([{ ...silent("ssh"), settings: SSH_KEYS }, silent("make")]);

/** A bucket's directory with these files, and its configuration read with two stock plugins, `ssh` and `make`. */
export function aConfig(
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
  files: Readonly<Record<string, string>>,
) {
  const root = mkdtempSync(join(tmpdir(), "maand-config-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const load = (over: Partial<LoadOptions> = {}): Promise<Loaded> =>
    loadConfig(bucketPaths(root), {
      defaults: stock,
      modules: {
        "@maand/core": () => import("../index.ts"),
        "@maand/cli": async () => ({ defaults: stock }),
        valibot: () => import("valibot"),
      },
      ...over,
    });
  return {
    root,
    load,
    /** Names of the plugins, in order. */
    names: async () => (await load()).plugins.map(({ plugin }) => plugin.name),
    /** The problems for which the configuration is refused, as `where: message | hint`. */
    refused: async (over: Partial<LoadOptions> = {}) => (await problemsOf(load(over))).map(asLine),
  };
}

async function problemsOf(loading: Promise<unknown>): Promise<readonly Problem[]> {
  const cause: unknown = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (isMaandError(cause)) return cause.problems;
  throw cause ?? new Error("the configuration was not refused");
}

function asLine({ where, message, hint }: Problem): string {
  return `${where}: ${message}${hint === undefined ? "" : ` | ${hint}`}`;
}

import type { Plugin, PluginList } from "@maand/core";
import { pluginList } from "@maand/core";
import type { Modules } from "@maand/core/internal";
import { certs } from "@maand/plugin-certs";
import { health } from "@maand/plugin-health";
import { goImport } from "@maand/plugin-import";
import { jobCommands } from "@maand/plugin-job-commands";
import { local } from "@maand/plugin-local";
import { maintenance } from "@maand/plugin-maintenance";
import { make } from "@maand/plugin-make";
import { notify } from "@maand/plugin-notify";
import { operations } from "@maand/plugin-operations";
import { prometheus } from "@maand/plugin-prometheus";
import { rsync } from "@maand/plugin-rsync";
import { secrets } from "@maand/plugin-secrets";
import { ssh } from "@maand/plugin-ssh";
import { templates } from "@maand/plugin-templates";
import { ui } from "@maand/plugin-ui";

/** Names of the stock plugins. */
export type StockName =
  | "ssh"
  | "local"
  | "rsync"
  | "make"
  | "templates"
  | "certs"
  | "health"
  | "job-commands"
  | "prometheus"
  | "operations"
  | "maintenance"
  | "import"
  | "notify"
  | "secrets"
  | "ui";

const made = new WeakSet<Plugin>();

/**
 * The stock plugins, in the order in which they are applied. In a `maand.config.ts`: `plugins: [...defaults(),
 * mine()]`, or `defaults().replace("make", mine())`.
 */
export function defaults(): PluginList<StockName> {
  const plugins = [
    ...[ssh(), local(), rsync(), make(), templates(), certs(), health()],
    ...[jobCommands(), prometheus(), operations(), maintenance(), goImport(), notify(), secrets(), ui()],
  ];
  for (const plugin of plugins) made.add(plugin);
  return pluginList<StockName>(plugins);
}

/** Whether a plugin comes from {@link defaults}, and is not a third-party plugin with the same name. */
export function isStock(plugin: Plugin): boolean {
  return made.has(plugin);
}

/** Updates the schemas for editors after a build. */
export const refreshAfterBuild: typeof import("@maand/plugin-operations/editor").refreshAfterBuild = async (
  ...given
) => {
  const editor = await import("@maand/plugin-operations/editor");
  await editor.refreshAfterBuild(...given);
};

/** The output of `maand status --json`, for other commands that show it. */
export const statusOf: typeof import("@maand/plugin-operations/tools").statusOf = async (...given) => {
  const tools = await import("@maand/plugin-operations/tools");
  return tools.statusOf(...given);
};

/** The packages of the stock plugins, which a configuration can import although they are not installed next to it. */
export const STOCK_MODULES: Modules = {
  "@maand/plugin-ssh": () => import("@maand/plugin-ssh"),
  "@maand/plugin-local": () => import("@maand/plugin-local"),
  "@maand/plugin-rsync": () => import("@maand/plugin-rsync"),
  "@maand/plugin-make": () => import("@maand/plugin-make"),
  "@maand/plugin-templates": () => import("@maand/plugin-templates"),
  "@maand/plugin-certs": () => import("@maand/plugin-certs"),
  "@maand/plugin-health": () => import("@maand/plugin-health"),
  "@maand/plugin-job-commands": () => import("@maand/plugin-job-commands"),
  "@maand/plugin-prometheus": () => import("@maand/plugin-prometheus"),
  "@maand/plugin-operations": () => import("@maand/plugin-operations"),
  "@maand/plugin-maintenance": () => import("@maand/plugin-maintenance"),
  "@maand/plugin-import": () => import("@maand/plugin-import"),
  "@maand/plugin-notify": () => import("@maand/plugin-notify"),
  "@maand/plugin-secrets": () => import("@maand/plugin-secrets"),
  "@maand/plugin-ui": () => import("@maand/plugin-ui"),
};

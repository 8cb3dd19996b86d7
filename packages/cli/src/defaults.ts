import type { Plugin } from "@maand/core";
import { certs } from "@maand/plugin-certs";
import { health } from "@maand/plugin-health";
import { local } from "@maand/plugin-local";
import { make } from "@maand/plugin-make";
import { rsync } from "@maand/plugin-rsync";
import { ssh } from "@maand/plugin-ssh";
import { templates } from "@maand/plugin-templates";

/**
 * The stock plugins, in the order they are applied; the only place that knows them. In a `maand.config.ts`:
 * `plugins: [...defaults(), mine()]`.
 */
export function defaults(): Plugin[] {
  return [ssh(), local(), rsync(), make(), templates(), certs(), health()];
}

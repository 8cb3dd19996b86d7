import type { Context } from "@maand/command";
import type { CommandClass } from "clipanion";

/** The commands of this plugin by path. Each one is imported only when it is used. */
export const COMMANDS = {
  "cat prometheus": async () => (await import("./cat-prometheus.ts")).CatPrometheusCommand,
  "cat prometheus get": async () => (await import("./get.ts")).GetPrometheusCommand,
  "cat prometheus scrape": async () => (await import("./scrape.ts")).ScrapePrometheusCommand,
} satisfies Readonly<Record<string, () => Promise<CommandClass<Context>>>>;

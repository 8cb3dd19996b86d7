import type { Context } from "@maand/command";
import type { CommandClass } from "clipanion";

/** The commands of this plugin by path. Each one is imported only when it is used. */
export const COMMANDS = {
  ui: async () => (await import("./ui.ts")).UiCommand,
  "ui token": async () => (await import("./token.ts")).UiTokenCommand,
} satisfies Readonly<Record<string, () => Promise<CommandClass<Context>>>>;

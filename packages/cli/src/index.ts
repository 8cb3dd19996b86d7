/** What a `maand.config.ts` may want of the stock command: its plugins, and the base of commands that plugins add. */

export { type Context, MaandCommand } from "@maand/command";
export { defaults } from "./defaults.ts";

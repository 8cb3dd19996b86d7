/** What a `maand.config.ts` may want of the stock command: its plugins, and the base of commands that plugins add. */

export { defaults } from "./defaults.ts";
export { type Context, MaandCommand } from "./run/command.ts";

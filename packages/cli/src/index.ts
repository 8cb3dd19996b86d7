/** The exports for a `maand.config.ts`: the stock plugins, and the base class of commands that plugins add. */

export { type Context, MaandCommand } from "@maand/command";
export { defaults } from "./defaults.ts";

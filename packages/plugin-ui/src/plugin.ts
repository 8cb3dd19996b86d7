import { definePlugin, type Plugin } from "@maand/core";
import { COMMANDS } from "./commands/index.ts";

/** The web UI of a bucket: `maand ui`. */
export function ui(): Plugin<"ui"> {
  return definePlugin({ name: "ui", commands: COMMANDS, apply() {} });
}

import { definePlugin, type Plugin } from "@maand/core";
import { COMMANDS } from "./commands/index.ts";

/** `maand import`: takes over a bucket of the maand that was written in Go. */
export function goImport(): Plugin<"import"> {
  return definePlugin({ name: "import", commands: COMMANDS, apply: () => undefined });
}

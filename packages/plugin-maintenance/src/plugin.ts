import { definePlugin, type Plugin } from "@maand/core";
import { COMMANDS } from "./commands/index.ts";

/** `maand maintain`: drains workers, runs a command on them, reboots them and starts their jobs again. */
export function maintenance(): Plugin<"maintenance"> {
  return definePlugin({ name: "maintenance", commands: COMMANDS, apply: () => undefined });
}

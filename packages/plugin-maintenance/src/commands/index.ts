import type { Context } from "@maand/command";
import type { CommandClass } from "clipanion";

/** The commands of this plugin by path. Each one is imported only when it is used. */
export const COMMANDS = {
  maintain: async () => (await import("./begin.ts")).MaintainCommand,
  "maintain status": async () => (await import("./status.ts")).MaintainStatusCommand,
  "maintain resume": async () => (await import("./control.ts")).MaintainResumeCommand,
  "maintain abort": async () => (await import("./control.ts")).MaintainAbortCommand,
} satisfies Readonly<Record<string, () => Promise<CommandClass<Context>>>>;

import type { CommandClass } from "clipanion";
import type { Context } from "../run/command.ts";
import { firstWord, globalsFirst } from "../run/globals.ts";

type Load = () => Promise<readonly CommandClass<Context>[]>;

/** Each first word a person can type, and the file that answers it. Only that file is loaded. */
const COMMANDS: Readonly<Record<string, Load>> = {
  init: async () => [(await import("./init.ts")).InitCommand],
  build: async () => [(await import("./build.ts")).BuildCommand],
  deploy: async () => [(await import("./deploy.ts")).DeployCommand],
  job: async () => (await import("./job/index.ts")).JOB_COMMANDS,
  jobcommand: async () => [(await import("./jobcommand.ts")).JobCommandCommand],
  job_command: async () => [(await import("./jobcommand.ts")).JobCommandCommand],
  health_check: async () => [(await import("./health_check.ts")).HealthCheckCommand],
  run_command: async () => [(await import("./run_command.ts")).RunCommandCommand],
  worker_facts: async () => [(await import("./worker_facts.ts")).WorkerFactsCommand],
  worker: async () => [(await import("./worker/trust.ts")).WorkerTrustCommand],
  cat: async () => (await import("./cat/index.ts")).CAT_COMMANDS,
  info: async () => [(await import("./info.ts")).InfoCommand],
  logs: async () => (await import("./logs/index.ts")).LOGS_COMMANDS,
  why: async () => [(await import("./why.ts")).WhyCommand],
  doctor: async () => [(await import("./doctor.ts")).DoctorCommand],
  gc: async () => [(await import("./gc.ts")).GcCommand],
  plugin: async () => [(await import("./plugin/create.ts")).PluginCreateCommand],
  plugins: async () => [(await import("./plugins.ts")).PluginsCommand],
  completion: async () => [(await import("./completion.ts")).CompletionCommand],
  schema: async () => [(await import("./schema.ts")).SchemaCommand],
};

/** Every first word there is. */
export const FIRST_WORDS: readonly string[] = Object.keys(COMMANDS);

/** Every table of ours behind `maand cat`; a plugin may add others. */
export const TABLE_WORDS: readonly string[] = [
  "workers",
  "jobs",
  "allocations",
  "deployments",
  "job_commands",
  "job_ports",
  "certs",
  "kv",
];

/** Whether a line asks for nothing but what is ours: one of our first words, and, behind `cat`, one of our tables. */
export function isOurs(argv: readonly string[]): boolean {
  const [word, table] = globalsFirst(argv).rest.map((text) => text.replaceAll("-", "_"));
  if (word === undefined || !FIRST_WORDS.includes(word)) return false;
  return word !== "cat" || table === undefined || table.startsWith("_") || TABLE_WORDS.includes(table);
}

/** Command classes a line may need: those of its first word, or all of them for help and for words nobody knows. */
export async function commandsFor(argv: readonly string[]): Promise<CommandClass<Context>[]> {
  const load = COMMANDS[(firstWord(argv) ?? "").replaceAll("-", "_")];
  const loads = load ? [load] : Object.values(COMMANDS);
  return [...new Set((await Promise.all(loads.map((one) => one()))).flat())];
}

import type { Context } from "@maand/command";
import type { CommandClass } from "clipanion";
import { firstWord, globalsFirst } from "../run/globals.ts";
import { STOCK_COMMANDS, stockCommands } from "../run/stock-commands.ts";

type Load = () => Promise<readonly CommandClass<Context>[]>;

/** The program's own commands by first word. */
const OWN: Readonly<Record<string, Load>> = {
  init: async () => [(await import("./init.ts")).InitCommand],
  build: async () => [(await import("./build.ts")).BuildCommand],
  deploy: async () => [(await import("./deploy.ts")).DeployCommand],
  plan: async () => [(await import("./plan.ts")).PlanCommand],
  rollback: async () => [(await import("./rollback.ts")).RollbackCommand],
  rollout: async () => (await import("./rollout.ts")).ROLLOUT_COMMANDS,
  secret: async () => (await import("./secret/secret.ts")).SECRET_COMMANDS,
  job: async () => (await import("./job/control.ts")).JOB_COMMANDS,
  jobcommand: async () => [(await import("./jobcommand.ts")).JobCommandCommand],
  job_command: async () => [(await import("./jobcommand.ts")).JobCommandCommand],
  health_check: async () => [(await import("./health_check.ts")).HealthCheckCommand],
  diff: async () => [(await import("./diff.ts")).DiffCommand],
  why: async () => [(await import("./why.ts")).WhyCommand],
  docs: async () => [(await import("./docs/docs.ts")).DocsCommand],
  explain: async () => [(await import("./docs/explain.ts")).ExplainCommand],
  adopt: async () => [(await import("./adopt/adopt.ts")).AdoptCommand],
  gc: async () => [(await import("./gc.ts")).GcCommand],
  plugin: async () => [(await import("./plugin/create.ts")).PluginCreateCommand],
  plugins: async () => [(await import("./plugins.ts")).PluginsCommand],
  store: async () => (await import("./store/store.ts")).STORE_COMMANDS,
  clone: async () => [(await import("./store/clone.ts")).CloneCommand],
  unlock: async () => [(await import("./store/unlock.ts")).UnlockCommand],
  completion: async () => [(await import("./completion.ts")).CompletionCommand],
};

/** The first words of commands, in the order of the help. */
const WORDS: readonly string[] = [
  ...["init", "import", "clone", "build", "plan", "deploy", "rollback", "rollout", "job", "jobcommand", "job_command"],
  ...["health_check", "drift", "status", "ui", "run_command", "maintain"],
  ...[
    "worker_facts",
    "worker",
    "secret",
    "cat",
    "info",
    "logs",
    "releases",
    "history",
    "diff",
    "why",
    "explain",
    "docs",
  ],
  ...["doctor", "upgrade_check", "adopt", "gc"],
  ...["store", "unlock"],
  ...["plugin", "plugins", "completion", "schema"],
];

/** First words reserved for maand; third-party plugins cannot use them. */
export const OWN_WORDS: readonly string[] = [...Object.keys(OWN), "cat", "help"];

/**
 * Whether a command line needs no plugin of the bucket. The first word must be a command of maand. After `cat`, the
 * next word must be a stock table.
 */
export function isOurs(argv: readonly string[]): boolean {
  const [word, table] = globalsFirst(argv).rest.map((text) => text.replaceAll("-", "_"));
  if (word === undefined || !WORDS.includes(word)) return false;
  return word !== "cat" || table === undefined || table.startsWith("_") || `cat ${table}` in STOCK_COMMANDS;
}

/**
 * The command classes that a command line may need: the classes of its first word, or all classes for help and for
 * unknown words.
 */
export async function commandsFor(
  argv: readonly string[],
  stock: Readonly<Record<string, () => Promise<CommandClass<Context>>>> = STOCK_COMMANDS,
): Promise<CommandClass<Context>[]> {
  const word = (firstWord(argv) ?? "").replaceAll("-", "_");
  const wanted = WORDS.includes(word) ? [word] : WORDS;
  const loaded = await Promise.all(
    wanted.map(async (one) => [...((await OWN[one]?.()) ?? []), ...(await stockCommands(one, argv, stock))]),
  );
  return [...new Set(loaded.flat())];
}

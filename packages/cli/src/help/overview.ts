import { hanging } from "@maand/command/layout";

/** A line of the overview: one command, or several that belong together, and their purpose. */
type Line = readonly [commands: string, purpose: string];

/** The commands for daily work, grouped by task. The overview must fit on a small terminal. */
export const GROUPS: Readonly<Record<string, readonly Line[]>> = {
  "Set up": [
    ["init, import", "create a bucket; import one from the Go version"],
    ["job create", "write the manifest and the Makefile of a new job"],
    ["worker trust, worker_facts", "pin host keys; read memory and CPU of workers"],
    ["store, clone, adopt", "move, back up, restore and copy the state"],
    ["doctor", "check this machine, the bucket and the workers"],
  ],
  Deploy: [
    ["build", "check the workspace and store its catalog"],
    ["plan, why", "show what a deploy would do, and why"],
    ["deploy", "deploy the last build; --build builds first"],
    ["rollback, rollout", "restore a release; resume or abort a rollout"],
    ["gc", "delete the remaining files of removed jobs"],
  ],
  Inspect: [
    ["status, ui", "show what needs attention; show all in a browser"],
    ["cat, info", "print workers, jobs, deployments, certs, kv, ..."],
    ["logs", "show what maand did; follow the logs of a job"],
    ["releases, diff, history", "list and compare releases; list who changed what"],
    ["drift, health_check", "find differences on workers; find unhealthy jobs"],
  ],
  Operate: [
    ["job", "start, stop, restart, status; run any target"],
    ["run_command, jobcommand", "run a command on workers; run a command of a job"],
    ["maintain", "drain, upgrade and reboot workers, one by one"],
    ["secret", "set, import, refresh, list, get and rm secrets"],
  ],
};

/** The other commands, which are rarely needed. */
export const OTHERS: readonly string[] = [
  ...["docs", "explain", "unlock", "upgrade_check", "plugin create", "plugins", "schema", "completion"],
];

const TITLE = "maand deploys and runs services on Linux machines over ssh.";

/** The differences between the commands of a bucket and the default commands. */
export interface Differing {
  /** Commands of its plugins. */
  readonly added: readonly string[];
  /** Commands of stock plugins that its configuration leaves out. */
  readonly absent: readonly string[];
}

/** The overview of all commands in at most 35 lines. Loads no command. */
export function overview({ added, absent }: Differing, columns: number | undefined): string[] {
  const width = Math.max(...Object.values(GROUPS).flatMap((lines) => lines.map(([commands]) => commands.length)));
  const groups = Object.entries(GROUPS).flatMap(([title, lines]) => [
    `${title}:`,
    ...lines.flatMap(([commands, purpose]) => {
      const there = present(commands.split(", "), absent);
      return there.length === 0 ? [] : hanging(there.join(", "), purpose, { width, columns });
    }),
  ]);
  const row = (title: string, names: readonly string[]) =>
    names.length === 0
      ? []
      : ["", ...hanging(`${title}:`, names.join(", "), { width: title.length + 1, columns, indent: 0 })];
  return [
    ...hanging("", TITLE, { width: 0, columns, indent: 0 }),
    "",
    ...groups,
    ...row("More", present(OTHERS, absent)),
    ...row("Plugins", added),
    "",
    ...hanging("", "maand help <command> describes a command; maand help --all lists all commands.", {
      ...{ width: 0, columns, indent: 0 },
    }),
    ...hanging("", "All accept --json, --quiet, --wide, --no-color, -C <dir> and --config <file>.", {
      ...{ width: 0, columns, indent: 0 },
    }),
  ];
}

/** The commands without those that the configuration removes; a group without commands is omitted. */
function present(commands: readonly string[], absent: readonly string[]): string[] {
  const isLeftOut = (command: string) => absent.some((path) => path === command || path.startsWith(`${command} `));
  return commands.filter((command) => OWN.has(command) || !isLeftOut(command));
}

/** Groups that also contain commands of the program itself, and are therefore always present. */
const OWN: ReadonlySet<string> = new Set(["job", "rollout", "secret", "cat"]);

/** The first commands to run, shown outside a bucket. */
const FIRST_DAY: readonly Line[] = [
  ["maand init", "create a bucket in this directory"],
  ["maand job create api", "write a first job; list your machines in workspace/workers.json"],
  ["maand doctor", "check this machine and the workers"],
  ["maand deploy --build", "build the workspace and deploy it"],
  ["maand status", "see what is running, and what needs attention"],
];

/** The help for a directory without a bucket: the first commands to run. */
export function firstDay(columns: number | undefined): string[] {
  const width = Math.max(...FIRST_DAY.map(([command]) => command.length));
  return [
    ...hanging("", TITLE, { width: 0, columns, indent: 0 }),
    "",
    ...hanging("", "There is no bucket in this directory or its parents. To start:", { width: 0, columns, indent: 0 }),
    "",
    ...FIRST_DAY.flatMap(([command, purpose]) => hanging(command, purpose, { width, columns })),
    "",
    ...hanging("", "To list the commands, run maand --help.", { width: 0, columns, indent: 0 }),
  ];
}

import { COMMAND_EVENTS, type CommandEvent } from "@maand/core/internal";

/** Languages for a new command, which are the extensions of its script. */
export const COMMAND_LANGUAGES = ["py", "ts"] as const;

export type CommandLanguage = (typeof COMMAND_LANGUAGES)[number];

/** The data of a new script. */
export interface CommandScript {
  readonly job: string;
  readonly command: string;
  /** At least one event. The first event selects the example. */
  readonly events: readonly CommandEvent[];
  /** Whether it runs once for the job. */
  readonly once?: boolean;
}

/** An example in each language, and its purpose. */
type Example = { readonly about: string } & Readonly<Record<CommandLanguage, readonly string[]>>;

const ON_WORKER: Example = {
  about: "A command on the allocation's worker",
  py: ['print(maand.run_ssh(maand.allocation_ip(), "uptime").stdout)'],
  ts: ['console.log((await maand.runSsh(maand.allocationIp(), "uptime")).stdout);'],
};

const EXAMPLES: Readonly<Partial<Record<CommandEvent, Example>>> = {
  pre_deploy: {
    about: "A password that is created once, before templates are rendered",
    py: [
      "import secrets",
      "",
      'if "password" not in maand.get_job_secret_keys():',
      '    maand.put_job_secret("password", secrets.token_urlsafe(24)).raise_for_status()',
    ],
    ts: [
      'if (!(await maand.getJobSecretKeys()).includes("password"))',
      '  (await maand.putJobSecret("password", crypto.randomUUID())).raiseForStatus();',
    ],
  },
  health_check: {
    about: "The job is healthy if this target of its Makefile succeeds",
    py: ['maand.run_runner_target("status")'],
    ts: ['await maand.runRunnerTarget("status");'],
  },
  job_control: {
    about: "New allocations are started and changed ones are restarted, all in parallel",
    py: [
      "import os",
      "",
      'if maand.allocation_ip() in os.environ["NEW_ALLOCATIONS"].split(","):',
      '    maand.run_runner_target("start")',
      'elif maand.allocation_ip() in os.environ["UPDATED_ALLOCATIONS"].split(","):',
      '    maand.run_runner_target("restart")',
    ],
    ts: [
      'const { NEW_ALLOCATIONS = "", UPDATED_ALLOCATIONS = "" } = process.env;',
      'if (NEW_ALLOCATIONS.split(",").includes(maand.allocationIp())) await maand.runRunnerTarget("start");',
      'if (UPDATED_ALLOCATIONS.split(",").includes(maand.allocationIp())) await maand.runRunnerTarget("restart");',
    ],
  },
};

/**
 * Returns the script of a new command, which runs without changes. Examples are commented out without a space after the
 * comment marker and prose with one, so that removing the marker activates the example.
 */
export function commandScript(options: CommandScript, language: CommandLanguage): string {
  const [event = "cli"] = options.events;
  const example = EXAMPLES[event] ?? ON_WORKER;
  const parts = { head: headOf(options), about: `${example.about}; remove the`, code: example[language] };
  return language === "py" ? python(parts) : typescript(parts);
}

interface Parts {
  readonly head: readonly string[];
  readonly about: string;
  readonly code: readonly string[];
}

function headOf({ job, command, events, once = false }: CommandScript): string[] {
  return [
    `${command} of ${job}. It runs on this machine, once for ${once ? "the job" : "each allocation of the job"}:`,
    ...events.map((event) => `${event}, ${COMMAND_EVENTS[event]}.`),
    "",
    "An error, or an exit code other than 0, fails it. Its output is printed and logged.",
  ];
}

function python({ head, about, code }: Parts): string {
  return `"""${head.join("\n")}
maand adds maand.py next to it; help(maand) documents it.
"""

import maand

print(f"{maand.command_event()} of {maand.job_name()} on {maand.allocation_ip()}")

# ${about} leading "#":
#
${code.map((line) => `#${line}`).join("\n")}
`;
}

function typescript({ head, about, code }: Parts): string {
  return `/*
${[...head, "maand adds maand.ts next to it, which documents each function."].map((line) => ` * ${line}`.trimEnd()).join("\n")}
 */
import * as maand from "./maand.ts";

console.log(\`\${maand.commandEvent()} of \${maand.jobName()} on \${maand.allocationIp()}\`);

// ${about} leading "//":
//
${code.map((line) => `//${line}`).join("\n")}
`;
}

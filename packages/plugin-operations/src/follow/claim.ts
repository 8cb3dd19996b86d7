import type { Claim, Job } from "@maand/core";

/** The program and its arguments that print the log of a job, as in its manifest. */
type LogsCommand = readonly [string, ...string[]];

const HINT = 'write a list of arguments, such as ["tail", "-n", "20", "-F", "logs/api.log"]';

/** The key `logs` of a manifest: the command that `maand logs follow` runs instead of the Makefile target `logs`. */
export const LogsClaim: Claim = {
  description: "The program and its arguments that print the job's log until they are stopped, for maand logs follow.",
  schema: {
    "~standard": {
      version: 1,
      vendor: "maand",
      validate: (value) => (isCommand(value) ? { value } : { issues: [{ message: `must be a command: ${HINT}` }] }),
    },
  },
  jsonSchema: () => ({
    type: "array",
    items: { type: "string", minLength: 1 },
    minItems: 1,
    examples: [["tail", "-n", "20", "-F", "logs/api.log"]],
  }),
};

/** The command of a job that prints its log: from its manifest, or else the target `logs` of its Makefile. */
export function logsCommand({ manifest }: Pick<Job, "manifest">): LogsCommand {
  const { logs } = manifest;
  // because of the directory logs/ next to the Makefile, make would consider the target up to date
  return isCommand(logs) ? logs : ["make", "--no-print-directory", "--eval=.PHONY: logs", "logs"];
}

function isCommand(value: unknown): value is LogsCommand {
  return Array.isArray(value) && value.length > 0 && value.every((word) => typeof word === "string" && word !== "");
}

import { summaryRecord } from "@maand/core";
import { type Program, runProgram } from "@maand/core/internal";
import { type Failing, failing, LIMIT_MS } from "./failing.ts";
import { mailOf } from "./mail.ts";
import { type Message, messageOf, type Report } from "./message.ts";
import { post } from "./post.ts";
import type { Target } from "./settings.ts";

/** The bucket directory and the environment of a run. */
export interface Surroundings {
  readonly bucketRoot: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Sends one notification; throws with the reason, without secrets, if it cannot. */
export async function send(target: Target, report: Report, { bucketRoot, environment }: Surroundings): Promise<void> {
  const message = messageOf(report);
  switch (target.to) {
    case "webhook":
      return await post(target, documentOf(report, message), bucketRoot, environment);
    case "slack":
      return await post(target, { text: slackText(message) }, bucketRoot, environment);
    case "email": {
      const from = target.sender === undefined ? [] : ["-f", target.sender];
      const argv = [target.sendmail, "-t", "-i", ...from] as const;
      return await runToEnd(
        { argv: [...argv], input: mailOf(target, message), cwd: bucketRoot, env: environment },
        failing("email"),
      );
    }
    case "command": {
      const [program = "", ...args] = target.command;
      const env = { ...environment, MAAND_OUTCOME: report.summary.outcome, MAAND_TITLE: message.title };
      const input = `${JSON.stringify(documentOf(report, message))}\n`;
      return await runToEnd({ argv: [program, ...args], input, cwd: bucketRoot, env }, failing("command"));
    }
  }
}

/** The number of last characters of a program's error output that are shown. */
const SHOWN = 300;

/** Runs a program that must succeed within the time limit. */
async function runToEnd(program: Omit<Program, "limitMs">, fail: Failing): Promise<void> {
  const { code, failure, stderr } = await runProgram({ ...program, limitMs: LIMIT_MS });
  if (code === 0) return;
  const how = `${program.argv[0]} ${failure ?? `exited with code ${code}`}`;
  throw fail([how, stderr.trim().slice(-SHOWN)].filter((part) => part !== "").join(": "));
}

/** The document for programs: the message for people, and the summary as in the last event of a run. */
function documentOf({ bucket, run, command, by, summary }: Report, { title, lines }: Message): object {
  return { title, text: lines.join("\n"), bucket, run, command, by, ...summaryRecord(summary) };
}

/** The escapes for three characters that Slack and compatible services read as markup. */
const MARKUP: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function slackText({ title, lines }: Message): string {
  const [head, ...rest] = [title, ...lines].map((line) => line.replace(/[&<>]/g, (sign) => MARKUP[sign] ?? sign));
  return [`*${head}*`, ...rest].join("\n");
}

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Command, EXIT, listOf, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { MaandError } from "@maand/core";
import { findBucket } from "@maand/core/internal";
import { groupLines } from "../output/groups.ts";
import { scriptSummary } from "../output/run-command-summary.ts";
import { runCommand } from "../workers/run-command.ts";
import type { ScriptResult } from "../workers/run-script.ts";

/** The file with the command if none is given. */
const FILE = "command.sh";

/** The number of results listed one by one; with more workers, equal results are grouped. */
const FEW = 4;

/** `maand run_command`. */
export class RunCommandCommand extends EngineCommand {
  static override paths = [["run_command"], ["run-command"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "run a shell command on workers, a few at a time",
    details:
      "The command is a bash script: the argument, standard input if the argument is -, or workspace/command.sh if there is no argument. It runs in the bucket's directory on the worker, with sudo if use_sudo is set. It also runs on disabled workers. If it fails on a worker, no further batch starts. A closed connection is a failure, unless the command shuts the machine down or you set --allow-disconnect. The next batch waits until rebooting machines are back.",
    examples: [
      ["On every worker, ten at a time", 'maand run_command "uptime" --concurrency 10'],
      ["A script, on the web servers", "maand run_command - --workers label:web"],
      [
        "Reboot two machines, one after the other",
        'maand run_command "sudo shutdown -r now" -w 10.0.0.1,10.0.0.2 -c 1',
      ],
    ],
  });

  command = Option.String({ required: false, name: "command" });
  workers = Option.Array("-w,--workers", [], {
    description: "Only these: hosts, hostnames, label:x, zone:x; default: all.",
  });
  labels = Option.Array("-l,--labels", [], { description: "Only workers with any of these labels." });
  concurrency = Option.String("-c,--concurrency", "1", { description: "Number of workers in parallel; default 1." });
  healthCheck = Option.Boolean("--health_check,--health-check", false, {
    description: "After each batch, wait for healthy workers and jobs.",
  });
  ignoreBudget = Option.Boolean("--ignore-budget", false, {
    description: "With --health_check: ignore availability budgets.",
  });
  allowDisconnect = Option.Boolean("--allow-disconnect", false, {
    description: "Do not treat a closed connection as a failure.",
  });

  override async work(): Promise<number> {
    const options = {
      script: await this.script(),
      workers: listOf(this.workers),
      labels: listOf(this.labels),
      concurrency: Number(this.concurrency),
      healthCheck: this.healthCheck,
      allowDisconnect: this.allowDisconnect,
      ignoreBudget: this.ignoreBudget,
    };
    const results = await this.withEngine((bucket) => runCommand(bucket, options));
    if (this.json) this.printJson(results.map(record));
    else if (results.length > FEW) for (const line of groupLines(results, this.style("stdout"))) this.print(line);
    for (const line of scriptSummary(results, this.style("stderr"))) this.context.stderr.write(`${line}\n`);
    if (this.context.signal.aborted) return EXIT.interrupted;
    return results.every(({ ok }) => ok) ? EXIT.ok : EXIT.failed;
  }

  async script(): Promise<string> {
    if (this.command === "-") return text(this.context.stdin);
    if (this.command !== undefined) return this.command;
    const file = join(findBucket(this.from).workspace, FILE);
    if (existsSync(file)) return readFileSync(file, "utf8");
    throw new MaandError({
      code: "USAGE",
      message: `no command is given, and workspace/${FILE} does not exist`,
      hint: `run maand run_command "uptime", or write the command to workspace/${FILE}`,
    });
  }
}

function record({ host, exit, outcome, stdout, stderr, durationMs }: ScriptResult) {
  return { worker_ip: host, job: null, exit, outcome, stdout, stderr, duration_ms: durationMs };
}

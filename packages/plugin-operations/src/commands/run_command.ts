import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { EXIT, listOf, MaandCommand } from "@maand/command";
import { findBucket, MaandError } from "@maand/core";
import { Command, Option } from "clipanion";
import { groupLines } from "../output/groups.ts";
import { scriptSummary } from "../output/run-command-summary.ts";
import { runCommand } from "../workers/run-command.ts";
import type { ScriptResult } from "../workers/run-script.ts";

/** Where the command is when none is typed. */
const FILE = "command.sh";

/** Results that are read one by one; of more than so many, those that say the same are put together. */
const FEW = 4;

/** `maand run_command`. */
export class RunCommandCommand extends MaandCommand {
  static override paths = [["run_command"], ["run-command"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "run a shell command on workers, a few at a time",
    details:
      "The command is a script for bash: the one argument, standard input when that is -, or else workspace/command.sh. It runs in the bucket's directory on the worker, with sudo where use_sudo is set, on disabled workers too. A batch in which it fails is the last one. A connection that closes is a failure, unless the command takes its machine down or --allow-disconnect is given; the next batch waits until a machine that restarts is back.",
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
  concurrency = Option.String("-c,--concurrency", "1", { description: "Workers at once; default 1." });
  healthCheck = Option.Boolean("--health_check,--health-check", false, {
    description: "After each batch, wait until workers answer and jobs are healthy.",
  });
  allowDisconnect = Option.Boolean("--allow-disconnect", false, {
    description: "A connection that closes while the command runs is no failure.",
  });

  override async work(): Promise<number> {
    const options = {
      script: await this.script(),
      workers: listOf(this.workers),
      labels: listOf(this.labels),
      concurrency: Number(this.concurrency),
      healthCheck: this.healthCheck,
      allowDisconnect: this.allowDisconnect,
    };
    const results = await this.withBucket((bucket) => runCommand(bucket, options));
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
      message: `no command was given, and there is no workspace/${FILE}`,
      hint: `write maand run_command "uptime", or put the command into workspace/${FILE}`,
    });
  }
}

function record({ host, exit, outcome, stdout, stderr, durationMs }: ScriptResult) {
  return { worker_ip: host, job: null, exit, outcome, stdout, stderr, duration_ms: durationMs };
}

import { Command, listOf, Option, plural } from "@maand/command";
import { type Confirmation, confirm, EngineCommand } from "@maand/command/internal";
import { expectsReboot } from "@maand/command/on-workers";
import { MaandError } from "@maand/core";
import type { OpenedBucket } from "@maand/core/internal";
import { selectWorkers, type TypedWorkers, typedWorkers } from "@maand/core/readonly";
import type { MaintenanceRequest } from "../domain/request.ts";
import { startMaintenance } from "../maintain.ts";
import { report } from "./report.ts";
import { settingsOf } from "./settings.ts";

const DEFAULTS = { concurrency: 1, onFailure: "stop", returnMs: 900_000, commandMs: 3_600_000 } as const;

/** `maand maintain`. */
export class MaintainCommand extends EngineCommand {
  static override paths = [["maintain"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "drain, upgrade and reboot workers, one by one",
    details:
      "Maintains one worker after another, or --concurrency workers in parallel, within the availability budgets of their jobs. On each worker, it stops the jobs with their hooks, the last wave first; runs the command as root; reboots and waits for a new boot id; checks the files; and starts the stopped jobs, wave by wave, with health checks. It records each step before the step starts, so maand maintain resume can continue after Ctrl-C or a crash and does nothing twice. Deploys do not change a worker in maintenance. A worker that fails or does not come back is set aside with its jobs stopped.",
    examples: [
      ["Upgrade and reboot all web servers", "maand maintain --labels web --run 'apt-get -y upgrade' --reboot"],
      ["Reboot two workers, one after the other", "maand maintain -w 10.0.0.1,10.0.0.2 --reboot"],
      ["Drain a worker to repair its hardware", "maand maintain -w 10.0.0.3 --keep-drained"],
      ["Show the progress", "maand maintain status"],
    ],
  });

  workers = Option.Array("-w,--workers", [], { description: "These workers: hosts, hostnames, label:x, zone:x." });
  labels = Option.Array("-l,--labels", [], { description: "Workers with any of these labels." });
  run = Option.String("--run", { description: "A bash script to run on each drained worker." });
  reboot = Option.Boolean("--reboot", false, { description: "Reboot each worker, and wait for a new boot id." });
  keepDrained = Option.Boolean("--keep-drained", false, {
    description: "Do not start the jobs until maand maintain resume.",
  });
  concurrency = Option.String("-c,--concurrency", { description: "Number of workers in parallel; default 1." });
  onFailure = Option.String("--on-failure", {
    description: "Failures after which no further worker starts: stop, continue, 2 or 10%.",
  });
  timeout = Option.String("--timeout", { description: "Time limit for a reboot; default 15m." });
  runTimeout = Option.String("--run-timeout", { description: "Time limit for the command; default 1h." });
  ignoreBudget = Option.Boolean("--ignore-budget", false, {
    description: "Ignore availability budgets in an emergency; maand records this.",
  });

  yes = Option.Boolean("-y,--yes", false, { description: "Drain several workers without confirmation." });

  verbose = Option.Boolean("--verbose", false, {
    description: "Print all output of make and hooks, even on a terminal.",
  });

  override progress() {
    return super.progress(this.verbose);
  }

  override async work(): Promise<number> {
    const { flag, words } = typedWorkers({ workers: listOf(this.workers), labels: listOf(this.labels) });
    const options = { workers: words, flag, request: this.request(), ignoreBudget: this.ignoreBudget };
    return report(
      this,
      await this.withEngine(async (bucket) => {
        await confirm(this, () => this.drains(bucket, { flag, words }, options.request));
        return startMaintenance(bucket, options);
      }),
    );
  }

  /** What the command stops on several workers, for the confirmation. */
  drains(
    bucket: OpenedBucket,
    { flag, words }: TypedWorkers,
    { concurrency, reboot, keepDrained }: MaintenanceRequest,
  ): Confirmation | undefined {
    const { workers, allocations } = bucket.store.catalog.read();
    const hosts = words.length === 0 ? [] : selectWorkers(workers, flag, words).map(({ worker }) => worker.host);
    if (hosts.length < 2) return undefined;
    const there = allocations.filter((one) => !one.removed && !one.disabled && hosts.includes(one.host));
    const pace = concurrency === 1 ? "one after another" : `up to ${concurrency} at a time`;
    const after = [...(reboot ? ["reboots it"] : []), keepDrained ? "leaves it drained" : "starts its jobs again"];
    return {
      lines: [
        `this drains ${plural(hosts.length, "worker")}, ${pace}: ${hosts.join(", ")}`,
        `  on each it stops the jobs, ${plural(there.length, "allocation")} in all, and then ${after.join(" and ")}`,
      ],
      question: "begin",
    };
  }

  request(): MaintenanceRequest {
    const { run: command, reboot, keepDrained } = this;
    if (command !== undefined) refuseCommand(command);
    if (command === undefined && !reboot && !keepDrained)
      throw new MaandError({
        code: "USAGE",
        message: "there is nothing to do on the workers",
        hint: "add --run 'apt-get -y upgrade', --reboot or --keep-drained",
      });
    const given = { ...(command === undefined ? {} : { command }), reboot, keepDrained };
    return { ...DEFAULTS, ...given, ...settingsOf(this) };
  }
}

/**
 * Refuses a command that restarts its machine or switches it off, because this would happen while the jobs are started
 * again.
 */
function refuseCommand(command: string): void {
  const refuse = (message: string, hint: string) => {
    throw new MaandError({ code: "USAGE", message, hint });
  };
  if (command.trim() === "") refuse("the command of --run is empty", "leave --run out, or give a command");
  if (command.includes("\0")) refuse("the command of --run contains a NUL byte", "remove it");
  const kind = expectsReboot(command);
  if (kind === "restart")
    refuse("the command of --run reboots the machine", "use --reboot for that: it waits for a new boot id");
  if (kind === "off")
    refuse("the command of --run switches the machine off", "use --keep-drained, and switch it off by hand");
}

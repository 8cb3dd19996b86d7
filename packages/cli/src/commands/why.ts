import { MaandError, type Plan, planDeploy, refuseUnknown, selectWorkers } from "@maand/core";
import { Command, Option } from "clipanion";
import { MaandCommand } from "./command.ts";

/** What the next deploy would do to one allocation, and why. */
interface Answer {
  readonly job: string;
  readonly worker_ip: string;
  readonly action: string;
  readonly reasons: readonly string[];
}

const WILL: Readonly<Record<string, string>> = {
  start: "will be started",
  restart: "will be restarted",
  reload: "will be reloaded",
  sync: "will get its files, and nothing is run",
  skip: "will be left as it is",
  stop: "will be stopped",
  promote: "will be recorded, and stays stopped",
  "stop+promote": "will be stopped, and its change recorded",
  remove: "will be stopped and removed",
};

/** `maand why` (cli.md). */
export class WhyCommand extends MaandCommand {
  static override paths = [["why"]];
  static override usage = Command.Usage({
    category: "Look",
    description: "what the next deploy would do to a job, and why",
    examples: [
      ["Everywhere", "maand why api"],
      ["On one worker", "maand why api 10.0.0.2"],
    ],
  });

  job = Option.String({ required: true, name: "job" });
  worker = Option.String({ required: false, name: "worker" });

  override async work(): Promise<number> {
    const asked = await this.withMaand(async (maand) => {
      const catalog = maand.store.catalog.read();
      refuseUnknown(
        "job",
        "job",
        [this.job],
        [...catalog.jobs, ...catalog.removedJobs].map(({ name }) => name),
      );
      const workers = [...catalog.workers, ...catalog.removedWorkers];
      const chosen = selectWorkers(workers, "worker", this.worker === undefined ? [] : [this.worker]);
      const hosts = chosen.map(({ worker: { host } }) => host);
      const all = answersOf(await planDeploy(maand, { jobs: [], force: false, syncOnly: false }), this.job);
      return all.filter(({ worker_ip }) => this.worker === undefined || hosts.includes(worker_ip));
    });
    if (this.json) this.sayJson(asked);
    else if (asked.length === 0)
      this.say(
        `${this.job}${this.worker === undefined ? "" : ` on ${this.worker}`} has no allocation, so nothing is done`,
      );
    else
      for (const answer of asked)
        this.say(
          `${answer.job} on ${answer.worker_ip} ${WILL[answer.action] ?? answer.action}: ${answer.reasons.join("; ")}`,
        );
    return 0;
  }
}

function answersOf(plan: Plan, name: string): Answer[] {
  const failure = plan.failures.find(({ job }) => job === name);
  if (failure) throw new MaandError(failure);
  const leaving = plan.leaving
    .filter(({ job }) => job.name === name)
    .map(
      ({ job, allocation, remove, reason }): Answer => ({
        job: job.name,
        worker_ip: allocation.host,
        action: remove ? "remove" : "stop",
        reasons: [reason],
      }),
    );
  const gone = new Set(leaving.map(({ worker_ip }) => worker_ip));
  const planned = plan.waves.flatMap((wave) => wave.jobs).find(({ job }) => job.name === name);
  const kept = (planned?.allocations ?? []).map(
    ({ allocation, decision }): Answer => ({
      job: name,
      worker_ip: allocation.host,
      action: decision.action,
      reasons: decision.reasons,
    }),
  );
  return [
    ...kept,
    ...leaving.filter(({ worker_ip }) => !kept.some((answer) => answer.worker_ip === worker_ip) && gone.has(worker_ip)),
  ];
}

import { Command, Option } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import { jobReleases, openRollouts, type ReleaseView, refuseUnknown, type Store } from "@maand/core/readonly";

/** `maand releases`. */
export class ReleasesCommand extends StoredCommand {
  static override paths = [["releases"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "list the releases of a job, and where each runs",
    details:
      "Each build that changes a job creates a numbered release of that job. `good`: the release was healthy on all active allocations. `bad`: a command or health check of its rollout failed. `unconfirmed`: the release was promoted somewhere, but was not yet healthy everywhere. `held`: the release was rolled back or reverted, and deploys skip it.",
    examples: [
      ["Releases of one job", "maand releases api"],
      ["Compare two releases", "maand diff api r12 r14"],
      ["Roll back to the last good release", "maand rollback api"],
    ],
  });

  job = Option.String({ required: true, name: "job" });

  override show(store: Store): number {
    const { jobs, removedJobs } = store.catalog.read();
    refuseUnknown(
      "job",
      "job",
      [this.job],
      [...jobs, ...removedJobs].map(({ name }) => name),
    );
    const releases = jobReleases(store, this.job);
    if (!this.json) this.warnOfHolds(openRollouts(store, [this.job]));
    if (this.json) this.printJson(releases.map((release) => record(this.job, release)));
    else if (releases.length === 0) this.print(`${this.job} has no releases yet; maand build creates the first one`);
    else this.printTable(COLUMNS, releases.map(row));
    return 0;
  }
}

const COLUMNS = [
  "release",
  "version",
  { name: "built", dropOrder: 3 },
  { name: "by", dropOrder: 1 },
  { name: "commit", dropOrder: 2 },
  { name: "runs on", minWidth: 12, dropOrder: 4 },
  "verdict",
  { name: "state", dropOrder: 5 },
] as const;

function row(release: ReleaseView): string[] {
  const { createdAt, createdBy, commit = "", hosts, verdict, bad } = release;
  return [
    release.release,
    release.version,
    createdAt.slice(0, 16).replace("T", " "),
    createdBy,
    commit.replace(/^([0-9a-f]{12})[0-9a-f]*/, "$1"),
    hosts.length > 4 ? `${hosts.slice(0, 3).join(",")} and ${hosts.length - 3} more` : hosts.join(","),
    bad === undefined ? verdict : `bad: ${bad}`,
    stateOf(release),
  ];
}

/** Whether deploys roll it out. */
function stateOf({ isWanted, hold }: ReleaseView): string {
  if (hold) return `held (${hold.kind})`;
  return isWanted ? "wanted" : "";
}

function record(job: string, { hold, ...release }: ReleaseView) {
  return {
    job,
    release: release.release,
    number: release.number,
    version: release.version,
    created_at: release.createdAt,
    created_by: release.createdBy,
    commit: release.commit ?? null,
    runs_on: release.hosts,
    verdict: release.verdict,
    good_at: release.goodAt ?? null,
    bad: release.bad ?? null,
    wanted: release.isWanted,
    held: hold ? { kind: hold.kind, reason: hold.reason, since: hold.since, by: hold.by } : null,
  };
}

import { Command, Option } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import { type HistoryEntry, MaandError, refuseUnknown, type Store } from "@maand/core/readonly";

/** The default and maximum number of entries. */
const LIMIT = 20;
const MAX_LIMIT = 100_000;

/** `maand history`. */
export class HistoryCommand extends StoredCommand {
  static override paths = [["history"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "list who changed what, newest first",
    details:
      "Lists every build, and every command that may change workers: who ran the command, on which machine, with which commit of the workspace, and the result and duration. A command without a result was killed, or is still running. maand logs show --run ID shows what a run did.",
    examples: [
      ["The last commands", "maand history"],
      ["What changed a job", "maand history --job api"],
      ["What changed a worker", "maand history --worker 10.0.0.1 --limit 5"],
    ],
  });

  job = Option.String("--job", { description: "Only commands that changed this job." });
  worker = Option.String("--worker", { description: "Only commands that changed this worker, by host." });
  limit = Option.String("--limit", String(LIMIT), { description: `The maximum number of entries; default ${LIMIT}.` });

  override show(store: Store): number {
    const limit = this.checkedLimit();
    this.refuseUnknownNames(store);
    const entries = store.history.list({ job: this.job, worker: this.worker, limit });
    if (this.json) this.printJson(entries.map(record));
    else if (entries.length === 0) this.print("nothing is recorded yet");
    else this.printTable(COLUMNS, entries.map(row));
    return 0;
  }

  checkedLimit(): number {
    const limit = Number(this.limit);
    if (/^\d+$/.test(this.limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
    throw new MaandError({
      code: "USAGE",
      message: `--limit must be a number from 1 to ${MAX_LIMIT}, but is ${JSON.stringify(this.limit)}`,
      hint: "for example: --limit 50",
    });
  }

  refuseUnknownNames(store: Store): void {
    const { jobs, removedJobs, workers, removedWorkers } = store.catalog.read();
    const names = [...jobs, ...removedJobs].map(({ name }) => name);
    const hosts = [...workers, ...removedWorkers].map(({ host }) => host);
    if (this.job !== undefined) refuseUnknown("job", "--job", [this.job], names);
    if (this.worker !== undefined) refuseUnknown("worker", "--worker", [this.worker], hosts);
  }
}

const COLUMNS = ["began", "run", "command", "user", "machine", "commit", "result", "took", "id"] as const;

function row(entry: HistoryEntry): string[] {
  const { startedAt, run, command, user, machine, commit, outcome, id } = entry;
  return [
    startedAt.slice(0, 16).replace("T", " "),
    run === null ? "" : String(run),
    command,
    user ?? "",
    machine ?? "",
    (commit ?? "").replace(/^([0-9a-f]{12})[0-9a-f]*/, "$1"),
    outcome ?? "none",
    tookText(durationOf(entry)),
    id ?? "",
  ];
}

function record(entry: HistoryEntry) {
  const { number, id, run, command, user, machine, path, commit, startedAt, finishedAt, outcome, jobs, workers } =
    entry;
  return {
    ...{ number, id, run, command, user, machine, path, commit },
    ...{ started_at: startedAt, finished_at: finishedAt, duration_ms: durationOf(entry), result: outcome },
    ...{ jobs, workers },
  };
}

function durationOf({ startedAt, finishedAt }: HistoryEntry): number | null {
  return finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(startedAt);
}

function tookText(ms: number | null): string {
  if (ms === null) return "";
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

import { Command, Option } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import { refuseUnknown, type Store } from "@maand/core/readonly";
import { createdAt } from "../cat/kv.ts";
import { type SecretView, secretViews } from "./secret-views.ts";

/** `maand secret list`. */
export class SecretListCommand extends StoredCommand {
  static override paths = [["secret", "list"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "list secrets without their values",
    examples: [
      ["Of the bucket and of all jobs", "maand secret list"],
      ["Of one job", "maand secret list --job api"],
    ],
  });

  job = Option.String("--job", { description: "Only the secrets of this job." });

  override show(store: Store): number {
    const { job } = this;
    const { jobs, removedJobs } = store.catalog.read();
    const all = secretViews(store);
    const known = [...jobs, ...removedJobs].map(({ name }) => name);
    const owners = all.flatMap(({ owner }) => owner ?? []);
    if (job !== undefined) refuseUnknown("job", "--job", [job], [...known, ...owners]);
    const secrets = all.filter(({ owner }) => job === undefined || owner === job);
    if (this.json) this.printJson(secrets.map(record));
    else this.printTable(COLUMNS, secrets.map(row));
    return 0;
  }
}

const COLUMNS = [
  "of",
  "key",
  { name: "version", numeric: true, dropOrder: 1 },
  { name: "changed", dropOrder: 2 },
  { name: "from", minWidth: 12, dropOrder: 3 },
] as const;

function row(secret: SecretView): (string | number)[] {
  const { owner, key, version, source = "" } = secret;
  return [owner === undefined ? "bucket" : `job ${owner}`, key, version, createdAt(secret), source];
}

function record({ owner, key, version, createdDate, source }: SecretView) {
  return { job: owner ?? null, key, version, created_date: createdDate, source: source ?? null };
}

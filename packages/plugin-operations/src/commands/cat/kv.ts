import { Command, listOf, Option } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import {
  findBucket,
  type KvView,
  kvEntries,
  kvKeyOf,
  MaandError,
  refuseUnknown,
  type Store,
} from "@maand/core/readonly";

/** The number of characters of a value that a table shows. */
const SHOWN = 50;

/** The text shown instead of an encrypted value. */
export const ENCRYPTED = "[encrypted]";

/** `maand cat kv`. */
export class KvCommand extends StoredCommand {
  static override paths = [
    ["cat", "kv"],
    ["cat", "kv", "list"],
  ];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "list the KV entries of jobs with their newest version",
    examples: [
      ["Entries that one job may read", "maand cat kv --jobs api"],
      ["Without deleted entries", "maand cat kv --active"],
    ],
  });

  jobs = Option.Array("--jobs", [], { description: "Only entries that these jobs may read, comma-separated." });
  active = Option.Boolean("--active", false, { description: "Omit deleted entries." });
  deleted = Option.Boolean("--deleted", false, { description: "Only deleted entries." });

  override show(store: Store): number {
    if (this.active && this.deleted)
      throw new MaandError({
        code: "USAGE",
        message: "--active and --deleted are mutually exclusive",
        hint: "use one of them",
      });
    const catalog = store.catalog.read();
    const jobs = listOf(this.jobs);
    const known = [...catalog.jobs, ...catalog.removedJobs].map(({ name }) => name);
    refuseUnknown("job", "--jobs", jobs, known);
    const entries = this.chosen(kvEntries(store, { key: () => kvKeyOf(findBucket(this.from)) }, jobs));
    if (this.json) this.printRecords(entries);
    else this.printTable(COLUMNS, [...entries].map(row));
    return 0;
  }

  *chosen(entries: Iterable<KvView>): Generator<KvView> {
    for (const entry of entries) if (!(entry.deleted ? this.active : this.deleted)) yield entry;
  }

  /** Writes entries one by one, because the entries of a large bucket do not fit into one string. */
  printRecords(entries: Iterable<KvView>): void {
    let before = "[";
    for (const entry of entries) {
      this.context.stdout.write(`${before}\n  ${JSON.stringify(kvRecord(entry))}`);
      before = ",";
    }
    this.print(before === "[" ? "[]" : "\n]");
  }
}

function kvRecord({ namespace, key, secret, value, version, createdDate, deleted }: KvView) {
  return { namespace, key, value: secret ? ENCRYPTED : value(), version, created_date: createdDate, deleted };
}

const COLUMNS = [
  "namespace",
  "key",
  { name: "value", minWidth: 12, dropOrder: 4 },
  { name: "version", numeric: true, dropOrder: 2 },
  { name: "created", dropOrder: 1 },
  { name: "deleted", numeric: true, dropOrder: 3 },
] as const;

function row(entry: KvView): (string | number)[] {
  const { namespace, key, version, deleted } = entry;
  return [namespace, key, shortValue(entry), version, createdAt(entry), deleted ? 1 : 0];
}

/** A value shortened to fit a table row: at most one line. */
function shortValue({ key, secret, value }: KvView): string {
  if (secret) return ENCRYPTED;
  const text = value();
  if (key.startsWith("certs/")) return text.split("\n")[0] ?? "";
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
}

/** When a version was written: UTC, to the second. */
export function createdAt({ createdDate }: Pick<KvView, "createdDate">): string {
  return new Date(createdDate * 1000).toISOString().slice(0, 19).replace("T", " ");
}

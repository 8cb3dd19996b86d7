import { Command, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { type CertificateView, certificateClock, certificates } from "../../certificates/certificates.ts";
import { unitFilter } from "./filter.ts";

/** `maand cat certs`. */
export class CertsCommand extends EngineCommand {
  static override paths = [["cat", "certs"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "list the CA and job certificates with their validity",
    examples: [
      ["Of one job", "maand cat certs --jobs api"],
      ["On one worker", "maand cat certs --workers 10.0.0.1"],
    ],
  });

  jobs = Option.Array("--jobs", [], { description: "Only these jobs, comma-separated; the CA is always shown." });
  workers = Option.Array("--workers", [], { description: "Only these workers: hosts, hostnames, label:x, zone:x." });

  override async work(): Promise<number> {
    return this.withEngine(async ({ store, settings }) => {
      const catalog = store.catalog.read();
      const wanted = unitFilter(catalog, this);
      const rows = certificates(store, certificateClock(this.context.now(), settings)).filter(
        ({ scope, job, worker }) => scope === "ca" || wanted({ job: job ?? "", host: worker ?? "" }),
      );
      if (this.json) this.printJson(rows.map(record));
      else this.printTable(COLUMNS, rows.map(record).map(row), { at: 2, word: "worker", except: [4] });
      return 0;
    });
  }
}

const COLUMNS = [
  { name: "scope", dropOrder: 1 },
  "job",
  "worker",
  "cert",
  { name: "common_name", minWidth: 12, dropOrder: 2 },
  { name: "not_after", dropOrder: 3 },
  { name: "days_left", numeric: true, dropOrder: 4 },
  "status",
] as const;

function record({ scope, job, worker, cert, commonName, notAfter, daysLeft, status }: CertificateView) {
  const at = notAfter === null ? null : `${notAfter.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  return { scope, job, worker, cert, common_name: commonName, not_after: at, days_left: daysLeft, status };
}

function row(view: ReturnType<typeof record>): (string | number)[] {
  return Object.values(view).map((value) => value ?? "");
}

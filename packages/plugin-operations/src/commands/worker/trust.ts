import { Command, EXIT, listOf, Option, plural } from "@maand/command";
import { answerTo, EngineCommand } from "@maand/command/internal";
import { MaandError } from "@maand/core";
import { type TrustReport, workerKeys } from "../../workers/worker-keys.ts";

/** `maand worker trust`. */
export class WorkerTrustCommand extends EngineCommand {
  static override paths = [["worker", "trust"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "show the host keys of workers in a table and pin them",
    details:
      "Fetches the host key of each worker without logging in, shows all keys, and pins new and changed keys in secrets/known_hosts after you confirm. Compare the fingerprints with the output of this command on the machines: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub.",
    examples: [
      ["Show the keys and confirm", "maand worker trust"],
      ["A reinstalled worker", "maand worker trust --workers 10.0.0.3 --yes"],
    ],
  });

  workers = Option.Array("-w,--workers", [], { description: "Only these workers: hosts, hostnames, label:x, zone:x." });
  yes = Option.Boolean("-y,--yes", false, { description: "Pin the keys without confirmation." });

  override async work(): Promise<number> {
    return this.withEngine(async (bucket) => {
      const reports = await workerKeys(bucket, listOf(this.workers));
      const fresh = reports.filter(({ key }) => key && key.state !== "pinned");
      if (!this.json) this.printReports(reports);
      if (this.json && fresh.length > 0 && !this.yes) return this.#unasked(reports, fresh);
      const agreed = fresh.length > 0 && (await this.agreed(fresh));
      if (agreed) for (const { key } of fresh) await key?.trust();
      if (this.json) this.printJson(reports.map((report) => record(report, agreed)));
      else if (fresh.length === 0) this.print("nothing to pin");
      else this.print(agreed ? `pinned ${plural(fresh.length, "host key")}` : "nothing was pinned");
      const failed = reports.some(({ failure }) => failure) || (fresh.length > 0 && !agreed);
      return failed ? EXIT.failed : EXIT.ok;
    });
  }

  printReports(reports: readonly TrustReport[]): void {
    this.printTable(
      ["worker", { name: "type", dropOrder: 1 }, { name: "fingerprint", whole: true }, "state"],
      reports.flatMap(rows),
    );
    for (const { host, failure } of reports) if (failure) this.print(`${host}: ${failure.message}`);
  }

  /** With `--json`, there is no confirmation, because a program needs the fingerprints first. */
  #unasked(reports: readonly TrustReport[], fresh: readonly TrustReport[]): number {
    this.printJson(reports.map((report) => record(report, false)));
    const { message, hint } = needsConfirmation(fresh);
    this.context.stderr.write(`maand: ${message}\n  hint: ${hint}\n`);
    return EXIT.refused;
  }

  /**
   * Asks for confirmation on a terminal. Without one, no key is pinned, because a key must not be trusted by accident.
   */
  async agreed(fresh: readonly TrustReport[]): Promise<boolean> {
    if (this.yes) return true;
    if (this.context.stdin.isTTY !== true) throw needsConfirmation(fresh);
    const answer = await answerTo(`pin ${counted(fresh)}? [y/N] `, this.context);
    return /^y(es)?$/i.test(answer.trim());
  }
}

/**
 * The rows of a worker: its key, and the previously pinned keys below a changed key, because they are too wide for a
 * screen side by side.
 */
function rows({ host, key, failure }: TrustReport): string[][] {
  const state = key?.state ?? (failure ? "unreachable" : "none needed");
  const before = key?.state === "changed" ? key.pinned : [];
  return [
    [host, key?.type ?? "", key?.fingerprint ?? "", state],
    ...before.map((fingerprint) => [host, "", fingerprint, "pinned before"]),
  ];
}

function needsConfirmation(fresh: readonly TrustReport[]): MaandError {
  return new MaandError({
    code: "USAGE",
    message: `${counted(fresh)} would be pinned, but there is no terminal for the confirmation`,
    hint: "compare the fingerprints, then run the command again with --yes",
  });
}

function counted(fresh: readonly TrustReport[]): string {
  const changed = fresh.filter(({ key }) => key?.state === "changed").length;
  return `${plural(fresh.length, "host key")}${changed > 0 ? `, ${changed === fresh.length ? "" : `${changed} of them `}replacing ${changed === 1 ? "another key" : "other keys"}` : ""}`;
}

function record({ host, key, failure }: TrustReport, agreed: boolean) {
  return {
    worker_ip: host,
    name: key?.name ?? null,
    type: key?.type ?? null,
    fingerprint: key?.fingerprint ?? null,
    pinned: key?.pinned ?? [],
    state: key?.state ?? null,
    trusted: key !== undefined && (key.state === "pinned" || agreed),
    message: failure?.message ?? null,
  };
}

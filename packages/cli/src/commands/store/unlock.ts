import { Command, EXIT, MaandCommand } from "@maand/command";
import { findBucket, type Holder, heldBy, lockHolder, openStore } from "@maand/core/readonly";

/** `maand unlock`. */
export class UnlockCommand extends MaandCommand {
  static override paths = [["unlock"]];
  static override usage = Command.Usage({
    category: "Bucket",
    description: "show which command uses the bucket, and what you can do",
    details:
      "Changes nothing: a lock is released when its process exits, and a lease expires when its holder stops renewing it. Exits with 3 while a command uses the bucket.",
    examples: [
      ["When a command is refused", "maand unlock"],
      ["The holder of the lock, for a script", "maand unlock --json"],
    ],
  });

  override async work(): Promise<number> {
    const store = openStore(findBucket(this.from));
    try {
      const holder = lockHolder(store.holder);
      const leftMs = store.workingCopy?.leaseLeftMs();
      if (this.json) this.printJson({ holder: holderForJson(holder), lease_left_ms: holder ? (leftMs ?? null) : null });
      else if (holder) this.print([`in use by ${heldBy(holder)}`, ...advice(leftMs, holder)].join("\n"));
      else this.print("no command uses the bucket");
      return holder ? EXIT.busy : EXIT.ok;
    } finally {
      store.close();
    }
  }
}

/** The documented fields of a holder: its process identity is internal, and may change in any version. */
export function holderForJson(holder: Holder | undefined) {
  if (!holder) return null;
  const { command, pid, since, user, machine } = holder;
  return {
    command,
    pid,
    since,
    ...(user === undefined ? {} : { user }),
    ...(machine === undefined ? {} : { machine }),
  };
}

function advice(
  leftMs: number | undefined,
  { pid, machine }: { readonly pid: number; readonly machine?: string },
): string[] {
  if (leftMs === undefined)
    return [
      `  it holds the lock until its process exits; to stop it: kill ${pid}`,
      "  to wait for it, add --wait to your command",
    ];
  return [
    `  its lease expires in ${Math.ceil(leftMs / 1000)} s unless the command renews it; then another command can take it`,
    `  to stop it: Ctrl-C there, or kill ${pid} on ${machine ?? "its machine"}; to wait for it, add --wait to your command`,
  ];
}

import type { Holder } from "./holder.ts";

/** The command that holds a bucket, for messages: `maand deploy (ann on ci-3, pid 42, since ...)`. */
export function heldBy({ command, user, machine, pid, since }: Holder): string {
  const where = machine === undefined ? "" : `${user ?? "?"} on ${machine}, `;
  return `maand ${command} (${where}pid ${pid}, since ${since})`;
}

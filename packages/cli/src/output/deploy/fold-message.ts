import { compareHosts } from "@maand/core/internal";

/** Reasons that are listed one by one. */
const LISTED = 3;
/** Workers that are named. */
const NAMED = 5;

/** `command_prep (post_deploy) of api for 10.0.0.1 failed with exit code 1`. */
const REASON = /^(.+) for (\S+) (failed\b.*)$/;

/**
 * A message with a reason per worker, which `; ` separates: reasons that differ only in the worker are one, with the workers at the
 * end. Messages of few reasons, and of other ones, stay.
 */
export function foldedMessage(message: string): string {
  const reasons = message.split("; ");
  if (reasons.length <= LISTED) return message;
  const alike = new Map<string, string[]>();
  for (const reason of reasons) {
    const [, what, worker, how] = REASON.exec(reason) ?? [];
    const key = worker === undefined ? reason : `${what} ${how}`;
    alike.set(key, [...(alike.get(key) ?? []), ...(worker === undefined ? [] : [worker])]);
  }
  return [...alike]
    .map(([text, workers]) => `${text}${workers.length === 0 ? "" : ` for ${named(workers)}`}`)
    .join("; ");
}

function named(workers: readonly string[]): string {
  const sorted = [...workers].sort(compareHosts);
  const more = sorted.length - NAMED;
  return more <= 1 ? sorted.join(", ") : `${sorted.slice(0, NAMED).join(", ")} and ${more} more workers`;
}

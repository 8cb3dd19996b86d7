import { compareHosts } from "@maand/core/internal";

/** The number of reasons that are listed one by one. */
const LISTED = 3;
/** The number of workers that are named. */
const NAMED = 5;

/** `command_prep (post_deploy) of api for 10.0.0.1 failed with exit code 1`. */
const REASON = /^(.+) for (\S+) (failed\b.*)$/;

/**
 * Folds a message with one reason per worker, separated by `; `. Reasons that differ only in the worker become one
 * reason, with the workers at the end. Messages with few reasons, and any other messages, are unchanged.
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

/**
 * The number of workers set aside after which no other worker begins: `stop` (one), `continue` (any number), a
 * number, or a share of all workers of the maintenance.
 */
export type FailureLimit = "stop" | "continue" | number | `${number}%`;

const COUNT = /^[1-9]\d{0,4}$/;
const SHARE = /^(?:[1-9]\d?|100)%$/;

/** The limit as written on the command line; undefined for any other text. */
export function parseFailureLimit(text: string): FailureLimit | undefined {
  if (text === "stop" || text === "continue") return text;
  if (COUNT.test(text)) return Number(text);
  return SHARE.test(text) ? `${Number.parseInt(text, 10)}%` : undefined;
}

/** Whether this number of failed workers reaches the limit. A share is rounded up, so that it is never zero. */
export function isLimitReached(limit: FailureLimit, failed: number, all: number): boolean {
  if (limit === "continue" || failed === 0) return false;
  if (limit === "stop") return true;
  const count = typeof limit === "number" ? limit : Math.max(1, Math.ceil((all * Number.parseInt(limit, 10)) / 100));
  return failed >= count;
}

/** The limit in words, for the line that is printed before the first worker begins. */
export function limitText(limit: FailureLimit): string {
  if (limit === "stop") return "a worker fails";
  if (limit === "continue") return "all workers are done";
  return typeof limit === "number"
    ? `${limit} ${limit === 1 ? "worker fails" : "workers fail"}`
    : `${limit} of the workers fail`;
}

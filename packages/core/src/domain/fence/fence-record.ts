import { isRecord } from "../checks/validate.ts";

/**
 * The right to change workers, which a command has while it holds the bucket's lock. The number increases with each
 * command of the bucket. The holder is a random string, because two copies of a bucket could use the same numbers.
 */
export interface Fence {
  readonly number: number;
  readonly holder: string;
}

/** The record of the command that last changed a worker: the file `fence` in the bucket's directory on the worker. */
export interface FenceRecord extends Fence {
  /** The id of the copy of the bucket that the command ran from. */
  readonly copy: string;
  readonly command: string;
  /** The id of the command's run, as in the logs; absent if the id was still unknown. */
  readonly run?: string;
  /** When the command took the lock: UTC, ISO 8601. */
  readonly at: string;
  readonly user: string;
  readonly machine: string;
  /** The directory of the bucket on that machine. */
  readonly path: string;
}

/** The name of the file, directly in the bucket's directory on a worker. */
export const FENCE_FILE = "fence";

/** The prefix that a worker prints instead of a record that it cannot trust. The reason follows the prefix. */
const UNTRUSTED = "!";

/** The first line of the file, which commands compare. */
export function fenceLine({ number, holder }: Fence): string {
  return `${number} ${holder}`;
}

/**
 * The text of the file: the fence on the first line, so that a shell can read it, and the rest as JSON on the second.
 */
export function fenceText({ number, holder, ...rest }: FenceRecord): string {
  return `${fenceLine({ number, holder })}\n${JSON.stringify(rest)}\n`;
}

/**
 * The result of reading a record: the record, or the reason why it cannot be used; undefined if the worker has none.
 */
export type FoundFence = { readonly record: FenceRecord } | { readonly problem: string } | undefined;

/** Whether a worker printed the reason why it cannot trust its record. */
export function isUntrusted(text: string): boolean {
  return text.startsWith(UNTRUSTED);
}

/** Parses what a worker printed; an empty string means that it has no record. */
export function readFence(text: string): FoundFence {
  if (text.trim() === "") return undefined;
  if (isUntrusted(text)) return { problem: text.slice(UNTRUSTED.length).trim() };
  const [line = "", json = ""] = text.split("\n");
  const [, number, holder] = /^(\d{1,15}) ([0-9a-f]{8,64})$/.exec(line) ?? [];
  const rest = parsed(json);
  if (number === undefined || holder === undefined || !rest) return { problem: "its content is not a record" };
  return { record: { number: Number(number), holder, ...rest } };
}

/**
 * Describes a command for messages: `maand deploy by bob on laptop, in /home/bob/shop, at 2030-01-01T00:00:00.000Z`.
 */
export function originText({ command, user, machine, path, at }: Omit<FenceRecord, keyof Fence>): string {
  return `maand ${command} by ${user} on ${machine}, in ${path}, at ${at}`;
}

function parsed(json: string): Omit<FenceRecord, keyof Fence> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isRecord(value)) return undefined;
  const text = (key: string) => shown(value[key]);
  const run = typeof value.run === "string" ? { run: shown(value.run) } : {};
  return {
    ...{ copy: text("copy"), command: text("command"), at: text("at") },
    ...{ user: text("user"), machine: text("machine"), path: text("path") },
    ...run,
  };
}

/** Makes a string from a worker safe to print, so that it cannot control the terminal. */
function shown(value: unknown): string {
  return typeof value === "string" ? value.replace(/\p{Cc}/gu, "?").slice(0, 500) : "?";
}

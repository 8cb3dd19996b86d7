import { inspect, stripVTControlCharacters } from "node:util";
import type { Problem } from "./domain/checks/problem.ts";

/**
 * Every error code, with a sentence on its meaning. Append only: users search for these codes, so a code is never
 * renamed or reused.
 */
export const ERROR_CODES = {
  NOT_A_BUCKET: "No bucket was found in this directory or above it.",
  BUCKET_EXISTS: "The directory already contains the store of a bucket.",
  BUSY: "Another run holds the bucket's lock.",
  STORE_NEWER: "The store was written by a newer version of maand; it is never downgraded.",
  STORE_BROKEN: "The store cannot be read or written.",
  PROBLEMS: "The input is invalid, or a worker lacks something; the problems name the locations.",
  CONFIG_INVALID: "The configuration cannot be loaded.",
  PLUGIN_INVALID: "A plugin is missing, is not a plugin, or failed while being applied.",
  USAGE: "The command line is wrong.",
  NO_HANDLER: "No loaded plugin handled a hook that needs a handler.",
  UNREACHABLE: "A worker could not be reached; nothing was started there.",
  HOST_KEY_CHANGED: "A worker presented a host key other than the one pinned in the bucket.",
  AUTH_FAILED: "A worker refused the key or the user.",
  DISCONNECTED: "The connection to a worker closed after a command had started.",
  TIMED_OUT: "A command exceeded its timeout and was stopped.",
  COMMAND_FAILED: "A command on a worker failed.",
  STAGE_FAILED: "A job's files could not be synced to a worker.",
  TREE_CHANGED: "The staged files of a job differ from the plan; nothing was synced.",
  WORKER_LACKS: "A worker lacks a required tool.",
  OUT_OF_SYNC: "A worker is not in the state of its last sync.",
  DRIFT_RECURS: "A difference on a worker came back after each repair, so it was not repaired again.",
  UNHEALTHY: "A health check failed.",
  HOOK_FAILED: "A plugin failed in a hook.",
  INTERRUPTED: "The run was interrupted; its state is saved.",
  WORKERS_NOT_READ: "The program that prints the workers failed.",
  NOT_FOUND: "The requested entry does not exist.",
  KV_KEY_MISSING: "The key that KV secrets are encrypted with is missing or damaged.",
  KV_DECRYPT_FAILED: "A KV secret cannot be decrypted.",
  KV_REFUSED: "A job tried to access KV entries without permission.",
  RENDER_FAILED: "A template of a job cannot be rendered.",
  NOT_PERMITTED: "A plugin does not permit this now; nothing was started.",
  JOB_COMMAND_FAILED: "A command of a job failed.",
  NOT_A_STORE: "The file at the store's path is not a store of maand; nothing was changed.",
  LOCK_BROKEN: "The bucket's lock file cannot be used.",
  BUCKET_NOT_TRUSTED: "The bucket belongs to another user, so nothing in it was run.",
  NO_ACCESS: "The bucket belongs to another user and may not be read.",
  NOT_DELIVERED: "The files of a job are missing on a worker where they were expected, so nothing was run.",
  SYSTEM: "An operation on this machine failed, such as writing to a full disk.",
  INSTALLATION_BROKEN: "A part of this installation of maand cannot be loaded.",
  RELEASE_HELD: "The only release of a job was reverted, so the job has nothing to deploy.",
  REVERT_FAILED: "A failed rollout could not be undone; the message lists what is running on each worker.",
  UNEXPECTED: "An unexpected error in maand or in a plugin; its details are in a file.",
  HOOK_STUCK:
    "A plugin did not return from a hook: it reached its timeout, or is waiting on a promise that never settles.",
  STATE_REFUSED: "A value that a plugin keeps between runs was refused: it does not match its schema, or is too large.",
  PLAN_INVALID: "A file is not a plan that this maand can carry out in this bucket; nothing was changed.",
  PLAN_STALE: "Something that a saved plan depends on has changed since it was made; nothing was changed.",
  PLAN_DIFFERS: "The plan of a job differed from the saved plan, so the job was left unchanged.",
  BUDGET_EXCEEDED:
    "Too many allocations of a job would be unavailable, or a job listed in its never_with is being changed; nothing was stopped.",
  STILL_IN_USE: "Something was still running on a drained worker, so the worker was not rebooted.",
  NOT_REBOOTED: "A worker did not come back from a reboot with a new boot id in time.",
  SECRET_NOT_READ: "A secret could not be read from its provider.",
  NOT_CONFIRMED: "A confirmation on the terminal was not given; nothing was stopped or deleted.",
  OTHER_COPY:
    "A worker was last changed from another copy of this bucket, or this bucket is a copy; nothing was changed.",
  FENCED: "A worker refused a command, because a newer command has changed the worker.",
  FENCE_BROKEN: "The record of the last command that changed a worker cannot be trusted.",
  STORE_UNREACHABLE: "The database that keeps the store did not respond.",
  STORE_REFUSED: "The database that keeps the store refused the connection or the user.",
  STORE_MOVED: "The store of the bucket is in another place.",
  STORE_LACKS_BUCKET: "The database has no bucket with this id.",
  STORE_REVERTED: "The database has lost changes that this copy of the bucket has seen.",
  LEASE_LOST: "The lease of the bucket was lost while a command ran; the command started nothing new.",
} as const;

/** One of the codes in {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** A plugin's own code: its name and a word, such as `acme/NO_TOKEN`. */
export type PluginErrorCode = `${string}/${string}`;

/** The fields of a {@link MaandError}; `message` says what happened and where, `hint` what to do next. */
export interface ErrorParts {
  readonly code: ErrorCode | PluginErrorCode;
  readonly message: string;
  readonly hint?: string;
  /** The worker concerned, if any. */
  readonly worker?: string;
  /** Last lines of the failed command's output, oldest first, already masked. */
  readonly output?: readonly string[];
  /** Exit code of the failed command. */
  readonly exit?: number;
  readonly problems?: readonly Problem[];
  /** With a plugin's own code: the command was refused before it changed anything. */
  readonly refused?: boolean;
  readonly cause?: unknown;
}

/**
 * An error during a change, thrown by core and plugins. There is only this class, and `code` distinguishes its errors.
 * It is caught around one unit of work, around a run, and in the CLI.
 */
export class MaandError extends Error {
  override readonly name = "MaandError";
  readonly code: ErrorCode | PluginErrorCode;
  readonly hint: string | undefined;
  readonly worker: string | undefined;
  readonly output: readonly string[];
  readonly exit: number | undefined;
  readonly problems: readonly Problem[];
  readonly refused: boolean;

  constructor(parts: ErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause });
    this.code = parts.code;
    this.hint = parts.hint;
    this.worker = parts.worker;
    this.output = parts.output ?? [];
    this.exit = parts.exit;
    this.problems = parts.problems ?? [];
    this.refused = parts.refused ?? false;
  }
}

/** The same error with secrets masked in its text fields. */
export function maskedError(error: MaandError, mask: { conceal<T extends object>(record: T): T }): MaandError {
  const { code, message, hint, worker, output, exit, problems, refused } = error;
  const parts = {
    code,
    message,
    output,
    problems,
    refused,
    ...(hint === undefined ? {} : { hint }),
    ...(worker === undefined ? {} : { worker }),
    ...(exit === undefined ? {} : { exit }),
  };
  return new MaandError(mask.conceal(parts));
}

/** Whether a value is a MaandError, possibly from another copy of core: it checks properties, not the class. */
export function isMaandError(value: unknown): value is MaandError {
  return value instanceof Error && value.name === "MaandError" && "code" in value;
}

/**
 * Any thrown value or invalid return value as text, without the colours that a parser may have added to its message.
 */
export function errorText(value: unknown): string {
  if (value instanceof Error) return stripVTControlCharacters(value.message) || value.name;
  return typeof value === "object" && value !== null
    ? inspect(value, { depth: 1, breakLength: Infinity })
    : String(value);
}

/** The error for a list of problems. Its message is the message of the first problem, so it is readable on its own. */
export function problemsError(problems: readonly Problem[], message?: string): MaandError {
  const first = problems[0];
  const text =
    message ?? (problems.length === 1 && first ? `${first.where}: ${first.message}` : `${problems.length} problems`);
  return new MaandError({ code: "PROBLEMS", message: text, problems });
}

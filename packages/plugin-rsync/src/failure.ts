import { type ExecResult, lastLines, MaandError, syncDisconnected } from "@maand/core";

/** How a sync ended. */
export interface Ending {
  readonly host: string;
  /** Exit code of the rsync here; null when a signal ended it, `"missing"` when it is not installed. */
  readonly exit: number | null | "missing";
  /** Exit code of the worker's side; null when its connection closed, undefined when it was never begun or is silent. */
  readonly remoteExit: number | null | undefined;
  readonly printed: Pick<ExecResult, "stdout" | "stderr">;
}

/** The error a sync that failed ends with. */
export function failureOf({ host, exit, remoteExit, printed }: Ending): MaandError {
  const text = printed.stderr + printed.stdout;
  const output = lastLines(printed, 12);
  if (exit === "missing") return lacking("rsync is not installed on this machine");
  if (remoteExit === null) return syncDisconnected(host, output);
  if (remoteExit === 127) return lacking(`rsync is not installed on ${host}`, host, output);
  const code = exit || remoteExit || undefined;
  const found = CAUSES.find(([pattern]) => pattern.test(text));
  const why = found ? found[1] : `rsync ended with ${code === undefined ? "a signal" : `exit code ${code}`}`;
  return new MaandError({
    code: "STAGE_FAILED",
    worker: host,
    message: `files cannot be synced to ${host}: ${why}`,
    output,
    ...(code !== undefined && { exit: code }),
    ...(found && { hint: found[2] }),
  });
}

/** What rsync and sudo say, what it means, and what to do. */
const CAUSES: readonly (readonly [RegExp, string, string])[] = [
  [
    /No space left on device|\(28\)|Disk quota exceeded/,
    "its disk is full",
    "free space there and deploy again; the old files are whole",
  ],
  [/Read-only file system/, "its disk is read-only", "mount it writable there and deploy again"],
  [
    /sudo: .*(password|not in the sudoers|not allowed|tty)/,
    "sudo there wants more than it can get",
    "let the ssh user run sudo without a password, or set use_sudo = false",
  ],
  [
    /Permission denied|Operation not permitted/,
    "permission was denied",
    "may the ssh user write there? use_sudo = true lets root do it",
  ],
  [/vanished|change_dir|link_stat/, "staged files went away meanwhile", "deploy again"],
  [
    /protocol version mismatch|is your shell clean/,
    "something else talks on the connection",
    "does a login script there print something? ssh must start commands silently",
  ],
];

function lacking(message: string, worker?: string, output: readonly string[] = []): MaandError {
  return new MaandError({
    code: "WORKER_LACKS",
    message,
    hint: "apt-get install rsync (or the like)",
    output,
    ...(worker && { worker }),
  });
}

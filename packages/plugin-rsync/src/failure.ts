import { type ExecResult, MaandError, type Remote } from "@maand/core";
import { fileSystemError, fileSystemFailure, lastLines, syncDisconnected } from "@maand/core/internal";

/** The result of a sync. */
export interface SyncEnd {
  /** Exit code of the local rsync; null if a signal killed it, `"missing"` if it is not installed. */
  readonly exit: number | null | "missing";
  /**
   * Exit code on the worker; null if its connection closed, undefined if nothing was started or the worker does not
   * respond.
   */
  readonly remoteExit: number | null | undefined;
  readonly printed: Pick<ExecResult, "stdout" | "stderr">;
}

/** Number of output lines that an error includes. */
export const LINES = 12;

/** The error of a failed sync; for a full file system, it determines on the worker which one is full. */
export async function syncFailure(remote: Pick<Remote, "host" | "root" | "probe">, end: SyncEnd): Promise<MaandError> {
  const failure = fileSystemFailure(end.printed.stderr);
  if (failure === undefined || end.remoteExit === null || end.exit === "missing") return failureOf(remote.host, end);
  const [, path = remote.root] = /["\u2018'](\/[^"\u2019']+)["\u2019']/.exec(end.printed.stderr) ?? [];
  const exit = end.exit || end.remoteExit || undefined;
  const output = lastLines(end.printed, LINES);
  return fileSystemError(remote, failure, { path, output, ...(exit !== undefined && { exit }) });
}

/** The error of a sync that failed for any other reason. */
export function failureOf(host: string, { exit, remoteExit, printed }: SyncEnd): MaandError {
  const output = lastLines(printed, LINES);
  if (exit === "missing") return lacking("rsync is not installed on this machine");
  if (remoteExit === null) return syncDisconnected(host, output);
  if (remoteExit === 127) return lacking(`rsync is not installed on ${host}`, host, output);
  const code = exit || remoteExit || undefined;
  const found = CAUSES.find(([pattern]) => pattern.test(printed.stderr + printed.stdout));
  const why = found ? found[1] : code === undefined ? "rsync was killed by a signal" : `rsync exited with code ${code}`;
  return new MaandError({
    code: "STAGE_FAILED",
    worker: host,
    message: `files cannot be synced to ${host}: ${why}`,
    output,
    ...(code !== undefined && { exit: code }),
    ...(found && { hint: found[2] }),
  });
}

/** The output of rsync and sudo, its meaning, and a hint. */
const CAUSES: readonly (readonly [RegExp, string, string])[] = [
  [
    /sudo: .*(password|not in the sudoers|not allowed|tty)/,
    "sudo there needs a password or refuses the user",
    "allow the ssh user to run sudo without a password, or set use_sudo = false",
  ],
  [
    /Permission denied|Operation not permitted/,
    "permission was denied",
    "allow the ssh user to write there, or set use_sudo = true",
  ],
  [/vanished|change_dir|link_stat/, "staged files were deleted during the sync", "run maand deploy again"],
  [
    /protocol version mismatch|is your shell clean/,
    "another program writes to the connection",
    "check for a login script that prints something: ssh must start commands without output",
  ],
];

function lacking(message: string, worker?: string, output: readonly string[] = []): MaandError {
  return new MaandError({
    code: "WORKER_LACKS",
    message,
    hint: "install it with the system's package manager, such as apt-get install rsync",
    output,
    ...(worker && { worker }),
  });
}

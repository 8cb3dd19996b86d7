import { BEGIN_WORD } from "./login/begin-marker.ts";
import type { Argv, ExecOptions } from "./remote.ts";
import { reveal, Secret } from "./secret.ts";

/** The options for wrapping a command for the worker. */
export interface Wrapping extends Pick<ExecOptions, "env" | "cwd"> {
  /** Run through `sudo -n`. */
  readonly sudo: boolean;
  /** Seconds until `timeout` stops the command on the worker, and further seconds until `timeout` kills it. */
  readonly limit?: { readonly seconds: number; readonly killAfter: number };
  /**
   * Print a marker to both outputs first (see BeginMarker), with the process id on stderr, so that the output of the
   * login can be separated from that of the command, and the command can be stopped from outside.
   */
  readonly announce?: boolean;
  /**
   * End with an exit code even if a signal kills the command: 128 plus the signal number. Needed for programs that do
   * not pass signals on: ssh would end with 255, and sudo would kill itself.
   */
  readonly codeOnly?: boolean;
}

/** A command in the form that is sent to a worker. */
export interface WrappedCommand {
  /** Its words, in clear text. */
  readonly argv: readonly string[];
  /** What is written to its input before anything else: one line for each secret variable. */
  readonly preface: string;
}

/**
 * Wraps a command for a worker: `sudo -n -- sh -c <prelude> sh <argv>`, with only the parts that are needed. ssh
 * servers accept no environment and sudo drops it, so variables are set after sudo; the directory is changed there too,
 * because the login user may have no access to it. Values of secret variables are not in the arguments, where `ps` on
 * the worker would show them: the prelude reads them from its input. A secret **argument** cannot be hidden this way.
 */
export function wrapCommand(argv: Argv, wrapping: Wrapping): WrappedCommand {
  const { env = {}, cwd, sudo, limit, announce = false, codeOnly = false } = wrapping;
  checkVariables(env);
  const variables = Object.entries(env);
  const secrets = variables.filter((entry): entry is [string, Secret] => entry[1] instanceof Secret);
  const plain = variables.filter(([, value]) => !(value instanceof Secret));
  const words = [
    ...(sudo ? ["sudo", "-n", "--"] : []),
    ...(codeOnly ? ["sh", "-c", CODE_ONLY, "sh"] : []),
    ...prelude(
      cwd,
      secrets.map(([name]) => name),
      announce,
    ),
    ...(plain.length > 0 ? ["env", ...plain.map(([name, value]) => `${name}=${reveal(value)}`)] : []),
    ...(limit ? ["timeout", "-k", `${limit.killAfter}`, `${limit.seconds}`] : []),
    ...argv.map(reveal),
  ];
  return { argv: words, preface: secrets.map(([, value]) => `${escaped(value)}\n`).join("") };
}

/** Runs a command and exits with its exit code, without the shell's own message about a signal. */
const CODE_ONLY = 'exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?';

/** Prints the marker. It starts with a newline, because earlier output may not end with one. */
const ANNOUNCE = `printf "\\n${BEGIN_WORD} $$\\n" >&2; printf "\\n${BEGIN_WORD}\\n"`;

/** `read` takes one byte at a time from a pipe, so the input of the command after the secrets stays unread. */
const READ = `IFS= read -r maand_l && maand_v=$(printf "%b." "$maand_l") && export "$maand_n=\${maand_v%.}" || exit 1`;

function prelude(cwd: string | undefined, secretNames: readonly string[], announce: boolean): string[] {
  const steps = [
    ...(announce ? [ANNOUNCE] : []),
    ...(secretNames.length > 0
      ? [`for maand_n in ${secretNames.join(" ")}; do ${READ}; done; unset maand_n maand_l maand_v`]
      : []),
    ...(cwd === undefined ? [] : ['cd -- "$1" || exit 1; shift']),
  ];
  if (steps.length === 0) return [];
  return ["sh", "-c", [...steps, 'exec "$@"'].join("; "), "sh", ...(cwd === undefined ? [] : [cwd])];
}

/** Encodes a value as one line; `printf %b` decodes it. */
function escaped(value: Secret): string {
  return reveal(value).replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** Throws a TypeError if a variable has a name that a shell does not allow. */
export function checkVariables(env: ExecOptions["env"] = {}): void {
  for (const name of Object.keys(env))
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`not a variable name: ${JSON.stringify(name)}`);
}

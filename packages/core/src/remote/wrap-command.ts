import { BEGIN_WORD } from "./login/begin-marker.ts";
import type { Argv, ExecOptions } from "./remote.ts";
import { reveal, Secret } from "./secret.ts";

/** How a command is wrapped on its way to the worker. */
export interface Wrapping extends Pick<ExecOptions, "env" | "cwd"> {
  /** Run through `sudo -n`. */
  readonly sudo: boolean;
  /** The number of seconds after which `timeout` ends it on the worker, and the number until it kills the rest. */
  readonly limit?: { readonly seconds: number; readonly killAfter: number };
  /**
   * Print a marker on both outputs first (see BeginMarker), with the process id on the errors: so the output of the login
   * can be separated from the output of the command, and the command can be ended from outside.
   */
  readonly announce?: boolean;
  /**
   * End with an exit code even when a signal ends the command: 128 plus its number. For a program between maand and the
   * worker that does not pass on a signal as such: ssh then ends with 255, and sudo kills itself.
   */
  readonly codeOnly?: boolean;
}

/** A command as it is sent to a worker. */
export interface WrappedCommand {
  /** Its words, in clear. */
  readonly argv: readonly string[];
  /** What is written to its input before anything else: one line for each secret variable. */
  readonly preface: string;
}

/**
 * Wraps a command for a worker: `sudo -n -- sh -c <prelude> sh <argv>`, with only as much of it as is needed. ssh servers
 * accept no environment and sudo drops it, so variables are set after sudo; a directory is entered there too, because the
 * user who logs in may not be allowed into it. Values of secret variables are not in the arguments, where `ps` on the worker
 * would show them: the prelude reads them from its input. A secret **argument** cannot be hidden so.
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

/** What the shell itself would print of a signal is dropped. */
const CODE_ONLY = 'exec 3>&2 2>/dev/null; (exec "$@" 2>&3 3>&-); exit $?';

/** An empty line first, since what was printed before may not end with one. */
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

/** One line, whatever the value holds; `printf %b` turns it back. */
function escaped(value: Secret): string {
  return reveal(value).replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

/** Throws a TypeError if a variable has a name that a shell cannot hold. */
export function checkVariables(env: ExecOptions["env"] = {}): void {
  for (const name of Object.keys(env))
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`not a variable name: ${JSON.stringify(name)}`);
}

import type { ExecOptions } from "@maand/core";
import { checkVariables, reveal } from "@maand/core/internal";

/** Variables that a command needs to find its tools, user, language and local daemons; no others are passed on. */
const KEPT = new Set([
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LANGUAGE",
  "TZ",
  "TMPDIR",
  "XDG_RUNTIME_DIR",
  "DBUS_SESSION_BUS_ADDRESS",
  "DOCKER_HOST",
  "DOCKER_CONTEXT",
]);

/**
 * The environment of a local command: a clean one, as after a login, so that no secret in the environment of the CLI
 * reaches a job.
 */
export function localEnvironment(
  given: ExecOptions["env"] = {},
  own: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  checkVariables(given);
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(own))
    if (value !== undefined && (KEPT.has(name) || name.startsWith("LC_"))) environment[name] = value;
  for (const [name, value] of Object.entries(given)) environment[name] = reveal(value);
  return environment;
}

import { isMaandError, MaandError, type Remote } from "@maand/core";
import { fenceOf } from "@maand/core/internal";
import type { FenceFields, RunnerClient } from "./runner-client.ts";

/** The variable with the record of the command, for a separate runner. */
export const FENCE_VARIABLE = "MAAND_RUNNER_FENCE";

/**
 * The fence of a request, after the record that the runner found on its worker was admitted. Throws OTHER_COPY, FENCED
 * or FENCE_BROKEN.
 */
export function fenceFields(remote: Remote, runner: RunnerClient): FenceFields {
  const fence = fenceOf(remote);
  if (!fence) return {};
  if (!runner.isAdmitted) fence.admit(runner.fenceText);
  runner.isAdmitted = true;
  const { line, expected, text } = fence;
  return { fence: { line, expected, text } };
}

/** The environment of a runner that runs a single command. */
export function fenceVariable(remote: Remote): Readonly<Record<string, string>> {
  const fence = fenceOf(remote);
  return fence ? { [FENCE_VARIABLE]: fence.text } : {};
}

const REFUSAL = "runner: another command has changed this worker: ";

/** The reason why a runner refused a request, from the lines that it printed. */
export function refusedByFence(remote: Remote, lines: readonly string[]): MaandError {
  const line = lines.findLast((text) => text.startsWith(REFUSAL))?.slice(REFUSAL.length) ?? "";
  const [, head = line, json = ""] = /^(\d+ \w+) (\{.*)$/.exec(line) ?? [];
  try {
    fenceOf(remote)?.admit(json === "" ? line : `${head}\n${json}\n`);
  } catch (cause) {
    if (isMaandError(cause)) return cause;
  }
  return new MaandError({
    code: "FENCED",
    worker: remote.host,
    message: `${remote.host} refuses this command, because another command changed its record at the same time`,
    hint: "to see the last commands, run maand history; then run this one again",
  });
}

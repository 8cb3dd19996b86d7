import { MaandError } from "@maand/core/readonly";
import type { ProcessContext } from "./context.ts";
import { wrappedWords } from "./tables/hanging.ts";

/** A command that may prompt for confirmation before it continues. */
interface Asking {
  readonly json: boolean;
  /** Whether `--yes` was typed. */
  readonly yes: boolean;
  readonly context: Pick<ProcessContext, "stdin" | "stderr" | "signal" | "env">;
}

/** A question, and the lines above it about what the command will do. */
export interface Confirmation {
  readonly lines: readonly string[];
  /** Without the question mark: `stop them`. */
  readonly question: string;
}

/**
 * Whether a command may prompt: on a terminal, outside of CI (the variable `CI`), without `--json` and `--yes`.
 * Otherwise it continues as if it had been confirmed, because scripts cannot answer.
 */
export function mayAsk({ json, yes, context: { stdin, stderr, env } }: Asking): boolean {
  const isCi = !["", "0", "false"].includes(env.CI ?? "");
  return !json && !yes && !isCi && stdin.isTTY === true && stderr.isTTY === true;
}

/**
 * Prompts for a confirmation if a person can answer and `find` returns a question. If no person can answer,
 * `find` is not called. Throws NOT_CONFIRMED for any answer but yes, and INTERRUPTED on Ctrl-C.
 */
export async function confirm(
  command: Asking,
  find: () => Confirmation | undefined | Promise<Confirmation | undefined>,
): Promise<void> {
  const found = mayAsk(command) ? await find() : undefined;
  if (!found) return;
  const { stderr } = command.context;
  for (const line of found.lines.flatMap((text) => fitted(text, stderr.columns))) stderr.write(`${line}\n`);
  const answer = await answerTo(`${found.question}? [y/N] `, command.context);
  if (/^y(es)?$/i.test(answer.trim())) return;
  throw new MaandError({
    code: "NOT_CONFIRMED",
    message: "not confirmed: nothing was stopped or deleted",
    hint: "run the command again and answer y, or add --yes",
  });
}

/** A line wrapped to fit the terminal; continuation lines are indented by two more columns. */
function fitted(line: string, columns: number | undefined): string[] {
  const margin = /^ */.exec(line)?.[0] ?? "";
  const width = columns === undefined || columns < 20 ? undefined : columns - margin.length - 2;
  return wrappedWords(line.slice(margin.length), width).map((text, at) => `${margin}${at === 0 ? "" : "  "}${text}`);
}

/** One line from a terminal; empty if the input ends before. Throws INTERRUPTED on Ctrl-C. */
export async function answerTo(
  question: string,
  { stdin, stderr, signal }: Pick<ProcessContext, "stdin" | "stderr" | "signal">,
): Promise<string> {
  const { createInterface } = await import("node:readline");
  stderr.write(question);
  // the terminal edits the line and turns Ctrl-C into a signal, so that the prompt needs no raw mode to restore
  const lines = createInterface({ input: stdin, terminal: false });
  let onAbort = () => {};
  try {
    return await new Promise<string>((resolve, reject) => {
      onAbort = () =>
        reject(
          new MaandError({
            code: "INTERRUPTED",
            message: "interrupted before the confirmation; nothing was stopped or deleted",
          }),
        );
      if (signal.aborted) onAbort();
      signal.addEventListener("abort", onAbort);
      lines.once("close", () => {
        stderr.write("\n");
        resolve("");
      });
      lines.once("line", (line) => {
        lines.removeAllListeners("close");
        resolve(line);
      });
    });
  } finally {
    signal.removeEventListener("abort", onAbort);
    lines.removeAllListeners("close");
    lines.close();
  }
}

import { MaandError } from "@maand/core/readonly";
import type { Context } from "../command.ts";

type Terminal = Context["stdin"] & { setRawMode?(on: boolean): unknown };

const INTERRUPT = "\u0003";
const END = "\u0004";
const ERASE: ReadonlySet<string> = new Set(["\u007f", "\b"]);
const KILL_LINE = "\u0015";

/**
 * Prompts for a value on a terminal, without showing it. Enter or Ctrl-D ends the value, and is not part of it. Throws
 * USAGE if more than one line is pasted, and INTERRUPTED after Ctrl-C.
 */
export async function hiddenLine(
  question: string,
  { stdin, stderr }: Pick<Context, "stdin" | "stderr">,
): Promise<string> {
  const terminal: Terminal = stdin;
  stderr.write(question);
  terminal.setRawMode?.(true);
  try {
    return await readLine(terminal);
  } finally {
    terminal.setRawMode?.(false);
    terminal.pause();
    stderr.write("\n");
  }
}

function readLine(terminal: Terminal): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new TextDecoder();
    let typed = "";
    const end = (finish: () => void) => {
      terminal.off("data", onData);
      terminal.off("end", onEnd);
      finish();
    };
    const onEnd = () => end(() => resolve(typed));
    const onData = (chunk: Uint8Array | string) => {
      const characters = [...(typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true }))];
      for (const [at, character] of characters.entries()) {
        if (character === INTERRUPT) return end(() => reject(interrupted()));
        if (character === "\r" || character === "\n" || character === END) {
          const isLast = characters.slice(at + 1).every((after) => after === "\n");
          return end(() => (isLast ? resolve(typed) : reject(severalLines())));
        }
        if (ERASE.has(character)) typed = [...typed].slice(0, -1).join("");
        else if (character === KILL_LINE) typed = "";
        else typed += character;
      }
    };
    terminal.on("data", onData);
    terminal.on("end", onEnd);
    terminal.resume();
  });
}

function interrupted(): MaandError {
  return new MaandError({ code: "INTERRUPTED", message: "interrupted; nothing was changed" });
}

function severalLines(): MaandError {
  return new MaandError({
    code: "USAGE",
    message: "the value has several lines, but only one can be typed; nothing was changed",
    hint: "write it to a file, and use --file",
  });
}

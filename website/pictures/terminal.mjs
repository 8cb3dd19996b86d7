// Runs a command in a hidden terminal, and reads its screen.
import { spawn } from "node:child_process";
import xterm from "@xterm/headless";

/**
 * Types a command line and returns the screen at its end, or when its text first matches `at`. The command runs in a
 * pseudo-terminal of util-linux's script, with colours and UTF-8.
 */
export async function screenOf(line, { cwd, path, columns = 100, rows = 40, at }) {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 0 });
  const typed = `stty cols ${columns} rows ${rows}; printf '\\033[1m$ %s\\033[0m\\n' "$LINE"; eval "$LINE"`;
  const child = spawn("script", ["--quiet", "--command", typed, "/dev/null"], {
    cwd,
    env: { HOME: cwd, PATH: path, LANG: "C.UTF-8", TERM: "xterm-256color", SHELL: "/bin/sh", LINE: line },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let found;
  for await (const chunk of child.stdout) {
    await new Promise((written) => terminal.write(chunk, written));
    if (at !== undefined && found === undefined && at.test(textOf(terminal))) found = read(terminal);
  }
  if (at !== undefined && found === undefined) throw new Error(`"${line}" never showed ${at}:\n${textOf(terminal)}`);
  return found ?? read(terminal);
}

/** The cells of all rows up to the last one with text. */
function read(terminal) {
  const rows = Array.from({ length: terminal.rows }, (_, y) => cellsOf(terminal, y));
  while (rows.at(-1)?.every(({ text }) => text === " ")) rows.pop();
  return { columns: terminal.cols, rows };
}

function cellsOf(terminal, y) {
  const line = terminal.buffer.active.getLine(y);
  return Array.from({ length: terminal.cols }, (_, x) => {
    const cell = line.getCell(x);
    return {
      text: cell.getChars() || " ",
      color: cell.isFgPalette() ? cell.getFgColor() % 8 : undefined,
      bold: cell.isBold() !== 0,
      dim: cell.isDim() !== 0,
    };
  });
}

function textOf(terminal) {
  return read(terminal)
    .rows.map((cells) => cells.map(({ text }) => text).join(""))
    .join("\n");
}

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { maandOnPath } from "./bucket/shell.ts";

/** A shell in a real terminal: tmux draws the output of programs, and returns the visible screen. */
export interface TerminalSession {
  /** Types a line into the shell. */
  type(line: string): void;
  /** Presses a key, which has its name in tmux, such as `C-c`. */
  press(key: string): void;
  /** Empties the screen and the scrollback. */
  clear(): void;
  resize(columns: number, rows: number): void;
  /** The lines on the screen, without empty lines at the end. */
  screen(): string;
  /** The lines on the screen and in the scrollback. */
  history(): string;
  isCursorShown(): boolean;
  close(): void;
}

/** Opens a terminal of this size with a shell in a directory. `maand` is the built command. */
export function openTerminal(cwd: string, columns: number, rows: number): TerminalSession {
  const directory = mkdtempSync(join(tmpdir(), "maand-terminal-"));
  const tmux = (...args: readonly string[]): string =>
    execFileSync("tmux", ["-f", "/dev/null", "-S", join(directory, "socket"), ...args], { encoding: "utf8" });
  const env = { HOME: cwd, LANG: "C.UTF-8", PATH: `${maandOnPath()}:${process.env.PATH ?? ""}`, PS1: "$ " };
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const shell = ["env", "-i", "TERM=screen", ...variables, "sh"];
  tmux("new-session", "-d", "-s", "t", "-x", String(columns), "-y", String(rows), "-c", cwd, ...shell);
  return {
    type: (line) => void tmux("send-keys", "-t", "t", "-l", `${line}\n`),
    press: (key) => void tmux("send-keys", "-t", "t", key),
    clear() {
      tmux("send-keys", "-R", "-t", "t");
      tmux("clear-history", "-t", "t");
    },
    resize: (x, y) => void tmux("resize-window", "-t", "t", "-x", String(x), "-y", String(y)),
    screen: () => tmux("capture-pane", "-p", "-t", "t").trimEnd(),
    history: () => tmux("capture-pane", "-p", "-S", "-", "-t", "t").trimEnd(),
    isCursorShown: () => tmux("display-message", "-p", "-t", "t", "#{cursor_flag}").trim() === "1",
    close() {
      spawnSync("tmux", ["-S", join(directory, "socket"), "kill-server"]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

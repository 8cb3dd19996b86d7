/** Whether the machine restarts or stays off after a script, according to the script's text. */
export type RebootKind = "restart" | "off";

/**
 * Whether a script restarts its machine or switches it off: whether one of its commands is shutdown, reboot, poweroff
 * or halt, or systemctl or init with such an argument, including with sudo or in `sh -c`. It reads words and does not
 * evaluate the shell, so it does not resolve variables or aliases.
 */
export function expectsReboot(script: string): RebootKind | undefined {
  const found = commandsOf(script).map(rebootKind);
  return found.includes("restart") ? "restart" : found.find((one) => one !== undefined);
}

const WORD =
  /'([^']*)'|"((?:\\.|[^"\\])*)"|\\\n|\\([\s\S])|(#[^\n]*)|([\n;&|(){}`]|\$\()|([^\s;&|(){}`'"\\]+)|([^\S\n]+)/g;

/** The simple commands of a script, each as a list of words; quoted text is part of its word, comments are omitted. */
function commandsOf(script: string): string[][] {
  const commands: string[][] = [[]];
  let word: string | undefined;
  const endWord = () => {
    if (word !== undefined) commands.at(-1)?.push(word);
    word = undefined;
  };
  for (const [, single, double, escaped, comment, operator, plain] of script.matchAll(WORD)) {
    if (operator !== undefined) {
      endWord();
      commands.push([]);
    } else if (comment !== undefined) {
      if (word !== undefined) word += comment;
    } else {
      const text = single ?? double?.replace(/\\(.)/g, "$1") ?? escaped ?? plain;
      if (text === undefined) endWord();
      else word = (word ?? "") + text;
    }
  }
  endWord();
  return commands;
}

/** Commands that run another command; their flags, and the values of some flags, are skipped. */
const BEFORE = new Set([
  "sudo",
  "doas",
  "exec",
  "nohup",
  "setsid",
  "env",
  "command",
  "time",
  "nice",
  "ionice",
  "timeout",
]);
const KEYWORDS = new Set(["if", "then", "else", "elif", "do", "while", "until", "!"]);
const SHELLS = new Set(["sh", "bash", "dash", "ash", "zsh", "ksh"]);
const STATES: Readonly<Record<string, RebootKind>> = {
  reboot: "restart",
  kexec: "restart",
  "soft-reboot": "restart",
  poweroff: "off",
  halt: "off",
};

function rebootKind(words: readonly string[]): RebootKind | undefined {
  const [program = "", ...rest] = words;
  const name = program.slice(program.lastIndexOf("/") + 1);
  if (/^[A-Za-z_]\w*=/.test(program) || KEYWORDS.has(program)) return rebootKind(rest);
  if (BEFORE.has(name)) return behind(rest);
  if (SHELLS.has(name)) return ofShell(rest);
  if (name === "systemctl") return STATES[rest.find((word) => !word.startsWith("-")) ?? ""];
  if (name === "init" || name === "telinit") return rest[0] === "6" ? "restart" : rest[0] === "0" ? "off" : undefined;
  if (name === "shutdown") return ofShutdown(rest);
  return name === "reboot" || name === "poweroff" || name === "halt" ? ofReboot(name, rest) : undefined;
}

/**
 * The effect of a command that runs another command. Which of its words is the other command depends on the wrapper, so
 * every word from the first word that is not a flag is considered.
 */
function behind(words: readonly string[]): RebootKind | undefined {
  const first = words.findIndex((word) => !word.startsWith("-"));
  if (first === -1) return undefined;
  const found = rebootKind(words.slice(first));
  const flagged = first > 0 || /^\d/.test(words[first] ?? "");
  return found ?? (flagged ? behind(words.slice(first + 1)) : undefined);
}

function ofShell(words: readonly string[]): RebootKind | undefined {
  const at = words.findIndex((word) => /^-[a-z]*c$/.test(word));
  return at === -1 ? undefined : expectsReboot(words[at + 1] ?? "");
}

function ofShutdown(words: readonly string[]): RebootKind | undefined {
  const flags = words.filter((word) => word.startsWith("-"));
  const has = (letter: string, long: string) =>
    flags.some((flag) => flag === long || new RegExp(`^-[a-zA-Z]*${letter}`).test(flag));
  if (has("c", "--cancel") || has("k", "--warn") || flags.includes("--help")) return undefined;
  return has("r", "--reboot") ? "restart" : "off";
}

function ofReboot(name: "reboot" | "poweroff" | "halt", words: readonly string[]): RebootKind | undefined {
  if (words.some((word) => ["--help", "-w", "--wtmp-only"].includes(word))) return undefined;
  if (words.includes("--reboot")) return "restart";
  return words.some((word) => ["-p", "--poweroff", "--halt"].includes(word)) ? "off" : STATES[name];
}

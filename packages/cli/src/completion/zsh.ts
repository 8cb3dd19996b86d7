import { bashScript } from "./bash.ts";
import type { CompletedLine } from "./lines.ts";

/** Completion for zsh: the bash script, through zsh's bash emulation. */
export function zshScript(lines: readonly CompletedLine[]): string {
  const script = bashScript(lines).split("\n").slice(1).join("\n");
  return `#compdef maand
# zsh completion of maand; load it with: source <(maand completion zsh)
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
autoload -Uz bashcompinit && bashcompinit
${script.replaceAll("read -ra ", "read -rA ")}`;
}

import { type CompletedLine, flagsOf, type Kind, pathsOf, wordsAfter } from "./lines.ts";

/**
 * Completion for bash and, through zsh's bash emulation, for zsh. The script splits the line itself, because bash
 * splits words at the colon of `label:web`.
 */
export function bashScript(lines: readonly CompletedLine[]): string {
  return `# bash completion of maand; load it with: source <(maand completion bash)
_maand_table() {
  subs= flags= values= args=
  case $1 in
${pathsOf(lines)
  .map((path) => `    '${path}') ${rowOf(lines, path)} ;;`)
  .join("\n")}
    *) return 1 ;;
  esac
}

_maand_candidates() {
  case $1 in
    jobs | workers | labels) maand completion "$1" 2>/dev/null ;;
    text | '') ;;
    *) printf '%s\\n' $(printf '%s' "$1" | tr '|' ' ') ;;
  esac
}

_maand_match() {
  local cur=$1 word
  shift
  for word in "$@"; do [[ $word == "$cur"* ]] && COMPREPLY+=("$word"); done
}

_maand_reply() {
  local kind=$1 cur=$2 before= word
  case $kind in
    file) COMPREPLY=($(compgen -f -- "$cur")); return ;;
    directory) COMPREPLY=($(compgen -d -- "$cur")); return ;;
  esac
  if [[ $3 == list && $cur == *,* ]]; then
    before=\${cur%"\${cur##*,}"} cur=\${cur##*,}
  fi
  while IFS= read -r word; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$before$word")
  done < <(_maand_candidates "$kind")
  if [[ $before$cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
    cur=$before$cur
    COMPREPLY=("\${COMPREPLY[@]#"\${cur%"\${cur##*:}"}"}")
  fi
}

_maand() {
  local line=\${COMP_LINE:0:$COMP_POINT} place= word kind= at=0 subs flags values args
  local cur=\${line##*[[:space:]]}
  local -a typed kinds
  COMPREPLY=()
  read -ra typed <<<"\${line%"$cur"}"
  _maand_table ''
  for word in "\${typed[@]:1}"; do
    if [[ -z $word ]]; then continue
    elif [[ -n $kind ]]; then kind=
    elif [[ $word == -* ]]; then
      [[ " $values " == *" $word="* ]] && kind=\${values#*" $word="} kind=\${kind%% *}
    elif [[ $at -eq 0 && " $subs " == *" \${word//-/_} "* ]]; then
      place=\${place:+$place }\${word//-/_}
      _maand_table "$place"
    else at=$((at + 1))
    fi
  done
  if [[ -n $kind ]]; then _maand_reply "$kind" "$cur" list
  elif [[ $cur == -* ]]; then _maand_match "$cur" $flags
  elif [[ $at -eq 0 && -n $subs ]]; then _maand_match "$cur" $subs
  else
    read -ra kinds <<<"$args"
    _maand_reply "\${kinds[$at]:-}" "$cur" list
  fi
}

complete -F _maand maand
`;
}

function rowOf(lines: readonly CompletedLine[], path: string): string {
  const flags = flagsOf(lines, path);
  const names = flags.flatMap((flag) => flag.names);
  const values = flags.flatMap(({ names: all, value }) => (value ? all.map((name) => `${name}=${word(value)}`) : []));
  const args = lines.find((line) => line.path === path)?.args ?? [];
  const cells = { subs: wordsAfter(lines, path), flags: names, values: values, args: args.map(word) };
  return Object.entries(cells)
    .filter(([, all]) => all.length > 0)
    .map(([name, all]) => (name === "values" ? `${name}=' ${all.join(" ")} '` : `${name}='${all.join(" ")}'`))
    .join(" ");
}

function word(kind: Kind): string {
  return typeof kind === "string" ? kind : kind.join("|");
}

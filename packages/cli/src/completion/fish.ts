import { type CompletedFlag, type CompletedLine, GLOBAL, type Kind, pathsOf, wordsAfter } from "./lines.ts";

/** Completion for fish: a line for each word and flag, and two functions that find the position on the line. */
export function fishScript(lines: readonly CompletedLine[]): string {
  const valued = [...lines.flatMap(({ flags }) => flags), ...GLOBAL].filter(({ value }) => value !== undefined);
  const skipped = [...new Set(valued.flatMap(({ names }) => names))].join(" ");
  return `# fish completion of maand; load it with: maand completion fish | source
function __maand_words
    set -l words
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
        else if contains -- $word ${skipped}
            set skip 1
        else if not string match -q -- '-*' $word
            set -a words (string replace -a -- - _ $word)
        end
    end
    string join ' ' -- $words
end

function __maand_at
    set -l words (__maand_words)
    test "$words" = "$argv"
end

function __maand_in
    set -l words (__maand_words)
    test "$words" = "$argv"; or string match -q -- "$argv *" "$words"
end

function __maand_list
    __fish_complete_list , "maand completion $argv 2>/dev/null"
end

complete -c maand -f
${[...words(lines), ...GLOBAL.map((flag) => flagLine("", flag)), ...lines.flatMap(lineOf)].join("\n")}
`;
}

function words(lines: readonly CompletedLine[]): string[] {
  return pathsOf(lines).flatMap((path) =>
    wordsAfter(lines, path).map((word) => {
      const output = lines.find((line) => line.path === (path === "" ? word : `${path} ${word}`))?.description ?? "";
      return `complete -c maand -n '__maand_at ${path}' -a ${word} -d '${quoted(output)}'`;
    }),
  );
}

function lineOf({ path, flags, args }: CompletedLine): string[] {
  const [first] = args;
  const condition = `-n '__maand_in ${path}'`;
  return [
    ...flags.map((flag) => flagLine(condition, flag)),
    ...(first === undefined || first === "text" ? [] : [`complete -c maand -n '__maand_at ${path}' ${offered(first)}`]),
  ];
}

function flagLine(condition: string, { names, description, value }: CompletedFlag): string {
  const spelled = names.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`));
  const follows =
    value === undefined ? "" : value === "file" || value === "directory" ? "-r -F" : `-x ${offered(value)}`;
  return ["complete -c maand", condition, ...spelled, follows, `-d '${quoted(description)}'`]
    .filter((part) => part !== "")
    .join(" ");
}

function offered(kind: Kind): string {
  if (typeof kind !== "string") return `-a '${kind.join(" ")}'`;
  return ["jobs", "workers", "labels"].includes(kind) ? `-a '(__maand_list ${kind})'` : "";
}

/** The text escaped for single quotes in fish. */
function quoted(text: string): string {
  return text.replace(/['\\]/g, "\\$&");
}

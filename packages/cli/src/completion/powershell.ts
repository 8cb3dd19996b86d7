import { type CompletedLine, flagsOf, type Kind, pathsOf, wordsAfter } from "./lines.ts";

/**
 * Completion for PowerShell: one table, and one function that finds the position on the line. The names of the bucket
 * come from `maand completion <kind>`.
 */
export function powershellScript(lines: readonly CompletedLine[]): string {
  const rows = pathsOf(lines).map((path) => `  ${quoted(path)} = ${rowOf(lines, path)}`);
  return `# PowerShell completion of maand; load it with: maand completion powershell | Out-String | Invoke-Expression
$script:MaandTable = @{
${rows.join("\n")}
}

function script:Get-MaandWords([string]$Kind) {
  if ($Kind -in 'jobs', 'workers', 'labels') { maand completion $Kind 2>$null }
  elseif ($Kind -notin 'text', 'file', 'directory', '') { $Kind -split '\\|' }
}

Register-ArgumentCompleter -Native -CommandName maand -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $typed = @($commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  $place = ''; $kind = ''; $at = 0; $row = $script:MaandTable['']
  foreach ($word in $typed) {
    if ($kind) { $kind = ''; continue }
    if ($word.StartsWith('-')) {
      $pair = $row.Takes | Where-Object { $_.StartsWith("$word=", [StringComparison]::Ordinal) } | Select-Object -First 1
      $kind = if ($pair) { $pair.Substring($word.Length + 1) } else { '' }
      continue
    }
    $name = $word -replace '-', '_'
    if ($at -eq 0 -and $row.Subs -contains $name) {
      $place = if ($place) { "$place $name" } else { $name }
      $row = $script:MaandTable[$place]
    } else { $at++ }
  }
  if ($kind -in 'file', 'directory') { return }
  if ($kind) { $found = Get-MaandWords $kind }
  elseif ($wordToComplete.StartsWith('-')) { $found = $row.Flags }
  elseif ($at -eq 0 -and $row.Subs.Count -gt 0) { $found = $row.Subs }
  elseif ($at -lt $row.Args.Count) { $found = Get-MaandWords $row.Args[$at] }
  else { return }
  $before = ''; $current = $wordToComplete
  if ($current.Contains(',')) {
    $before = $current.Substring(0, $current.LastIndexOf(',') + 1)
    $current = $current.Substring($before.Length)
  }
  $found | Where-Object { $_ -and $_.StartsWith($current, [StringComparison]::Ordinal) } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new("$before$_", $_, 'ParameterValue', $_)
  }
}
`;
}

function rowOf(lines: readonly CompletedLine[], path: string): string {
  const flags = flagsOf(lines, path);
  const names = flags.flatMap((flag) => flag.names);
  // pairs instead of a table, because keys of tables ignore case, but -c and -C differ
  const takes = flags.flatMap(({ names: all, value }) =>
    value === undefined ? [] : all.map((name) => `${name}=${word(value)}`),
  );
  const args = lines.find((line) => line.path === path)?.args ?? [];
  const cells = { Subs: wordsAfter(lines, path), Flags: names, Takes: takes, Args: args.map(word) };
  const shown = Object.entries(cells).map(([name, words]) => `${name} = ${list(words)}`);
  return `@{ ${shown.join("; ")} }`;
}

function list(words: readonly string[]): string {
  return `@(${words.map(quoted).join(", ")})`;
}

/** A text in single quotes, which PowerShell does not expand. */
function quoted(text: string): string {
  return `'${text.replace(/'/g, "''")}'`;
}

function word(kind: Kind): string {
  return typeof kind === "string" ? kind : kind.join("|");
}

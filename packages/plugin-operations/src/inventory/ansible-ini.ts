import { error, type Problem } from "@maand/core";
import { AnsibleGroups } from "./ansible-groups.ts";
import { expandRanges } from "./expand-ranges.ts";
import type { InventoryHost } from "./inventory.ts";

/** Reads an Ansible inventory in the INI format, with the line of each host. */
export function readAnsibleIni(text: string, file: string): { hosts: InventoryHost[]; problems: Problem[] } {
  const groups = new AnsibleGroups();
  const problems: Problem[] = [];
  let [group, kind] = ["ungrouped", "hosts"];
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    const line = at + 1;
    const content = raw.trim();
    const refuse = (message: string, hint: string) =>
      void problems.push({ ...error("invalid_inventory", file, message, hint), line });
    if (content === "" || content.startsWith("#") || content.startsWith(";")) continue;
    const section = /^\[([^\]:]+)(?::([^\]]+))?\]\s*(?:[#;].*)?$/.exec(content);
    if (section) {
      [group, kind] = [section[1]?.trim() ?? "", section[2]?.trim() ?? "hosts"];
      groups.group(group);
      if (!["hosts", "children", "vars"].includes(kind))
        refuse(`[${group}:${kind}] is not a section`, "use [group], [group:children] or [group:vars]");
      continue;
    }
    const words = wordsOf(content);
    if (words === undefined) refuse("a quote is not closed", "close it");
    else if (kind === "vars") {
      const [, name = "", value = ""] = /^([^=\s]+)\s*=\s*(.*)$/.exec(content) ?? [];
      if (name === "") refuse(`${JSON.stringify(content)} is not a variable`, "write name=value");
      else groups.group(group).vars.set(name, unquoted(value));
    } else if (kind === "children") groups.group(group).children.add(words[0] ?? "");
    else addHosts(groups, group, words, line, refuse);
  }
  const { hosts, problems: more } = groups.resolve(file);
  return { hosts, problems: [...problems, ...more] };
}

function addHosts(
  groups: AnsibleGroups,
  group: string,
  [pattern = "", ...rest]: readonly string[],
  line: number,
  refuse: (message: string, hint: string) => void,
): void {
  const vars: [string, string][] = [];
  for (const word of rest) {
    const at = word.indexOf("=");
    if (at > 0) vars.push([word.slice(0, at), word.slice(at + 1)]);
    else refuse(`${JSON.stringify(word)} is not a variable of ${pattern}`, "write name=value");
  }
  const [, name = pattern, port] = /^([^:[\]]+(?:\[[^\]]*\][^:[\]]*)*):(\d+)$/.exec(pattern) ?? [];
  const names = expandRanges(name);
  if (typeof names === "string") refuse(names, "write the hosts one by one, or a range such as web[01:20]");
  else
    for (const host of names)
      groups.addHost(group, host, [...(port ? [["ansible_port", port] as const] : []), ...vars], line);
}

/** Words with quotes resolved, up to a comment; undefined if a quote is not closed. */
function wordsOf(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (const character of line) {
    if (quote !== "") {
      if (character === quote) quote = "";
      else word += character;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= "";
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "#" && word === undefined) break;
    else word = (word ?? "") + character;
  }
  if (quote !== "") return undefined;
  return word === undefined ? words : [...words, word];
}

function unquoted(value: string): string {
  return /^(["'])(.*)\1$/.exec(value.trim())?.[2] ?? value.trim();
}

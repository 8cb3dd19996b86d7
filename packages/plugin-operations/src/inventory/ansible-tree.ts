import { error, type Problem } from "@maand/core";
import { isRecord } from "@maand/core/operator";
import { AnsibleGroups } from "./ansible-groups.ts";
import { expandRanges } from "./expand-ranges.ts";
import type { InventoryHost } from "./inventory.ts";

type Read = { readonly hosts: InventoryHost[]; readonly problems: Problem[] };

/** Returns the line of a value by its path, if the format has lines. */
export type LineOf = (path: readonly string[]) => number | undefined;

/** Reads an Ansible inventory in the YAML format, already parsed. */
export function readAnsibleYaml(value: unknown, file: string, lineOf: LineOf): Read {
  const groups = new AnsibleGroups();
  const problems: Problem[] = [];
  const refuse = (path: readonly string[], message: string) => {
    const line = lineOf(path);
    const problem = error(
      "invalid_inventory",
      `${file}: ${path.join(".")}`,
      message,
      "see the YAML inventory format of Ansible",
    );
    problems.push(line === undefined ? problem : { ...problem, line });
  };
  const visit = (name: string, group: unknown, path: readonly string[]) => {
    const known = groups.group(name);
    if (group === null || group === undefined) return;
    if (!isRecord(group)) return refuse(path, "must be a group with hosts, children or vars");
    for (const [key, part] of Object.entries(group)) {
      const at = [...path, key];
      if (!["hosts", "children", "vars"].includes(key)) refuse(at, "is not hosts, children or vars");
      else if (part !== null && !isRecord(part)) refuse(at, "must be a mapping");
      else if (key === "vars") for (const [word, own] of Object.entries(part ?? {})) known.vars.set(word, own);
      else if (key === "children")
        for (const [child, inner] of Object.entries(part ?? {})) {
          known.children.add(child);
          visit(child, inner, [...at, child]);
        }
      else
        for (const [pattern, vars] of Object.entries(part ?? {})) {
          const names = expandRanges(pattern);
          if (typeof names === "string") refuse([...at, pattern], names);
          else
            for (const host of names)
              groups.addHost(name, host, isRecord(vars) ? Object.entries(vars) : [], lineOf([...at, pattern]));
        }
    }
  };
  if (!isRecord(value)) refuse([], "must be a mapping of groups");
  else for (const [name, group] of Object.entries(value)) visit(name, group, [name]);
  const { hosts, problems: more } = groups.resolve(file);
  return { hosts, problems: [...problems, ...more] };
}

/** Reads the output of `ansible-inventory --list`. */
export function readAnsibleList(value: Readonly<Record<string, unknown>>, file: string): Read {
  const groups = new AnsibleGroups();
  const meta = isRecord(value._meta) && isRecord(value._meta.hostvars) ? value._meta.hostvars : {};
  const varsOf = (host: string) => (isRecord(meta[host]) ? Object.entries(meta[host]) : []);
  for (const [name, group] of Object.entries(value)) {
    if (name === "_meta") continue;
    const [hosts, children, vars] = Array.isArray(group)
      ? [group, [], {}]
      : isRecord(group)
        ? [group.hosts, group.children, group.vars]
        : [[], [], {}];
    for (const host of textsOf(hosts)) groups.addHost(name, host, varsOf(host));
    for (const child of textsOf(children)) groups.group(name).children.add(child);
    if (isRecord(vars)) for (const [word, own] of Object.entries(vars)) groups.group(name).vars.set(word, own);
  }
  const { hosts, problems } = groups.resolve(file);
  return { hosts, problems };
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

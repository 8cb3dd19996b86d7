import { error, type Problem } from "@maand/core";
import { isName } from "@maand/core/internal";
import type { InventoryHost } from "./inventory.ts";

/** A group of an Ansible inventory, as written. */
export interface AnsibleGroup {
  /** The hosts that the group itself lists, with the variables that it sets for them. */
  readonly hosts: Map<string, { readonly vars: Map<string, unknown>; readonly line: number | undefined }>;
  readonly children: Set<string>;
  readonly vars: Map<string, unknown>;
}

/** All groups of an inventory by name. */
export class AnsibleGroups {
  readonly #groups = new Map<string, AnsibleGroup>();

  /** The group of that name, created on first use. */
  group(name: string): AnsibleGroup {
    const known = this.#groups.get(name);
    if (known) return known;
    const made: AnsibleGroup = { hosts: new Map(), children: new Set(), vars: new Map() };
    this.#groups.set(name, made);
    return made;
  }

  addHost(group: string, host: string, vars: Iterable<readonly [string, unknown]>, line?: number): void {
    const { hosts } = this.group(group);
    const known = hosts.get(host);
    if (known) for (const [name, value] of vars) known.vars.set(name, value);
    else hosts.set(host, { vars: new Map(vars), line });
  }

  /** Every host once, in the order of first mention, with its groups as labels and its variables. */
  resolve(file: string): { readonly hosts: InventoryHost[]; readonly problems: Problem[] } {
    const parents = new Map<string, string[]>();
    for (const [name, { children }] of this.#groups)
      for (const child of children) parents.set(child, [...(parents.get(child) ?? []), name]);
    const direct = new Map<string, string[]>();
    for (const [name, { hosts }] of this.#groups)
      for (const host of hosts.keys()) direct.set(host, [...(direct.get(host) ?? []), name]);
    const problems: Problem[] = [];
    const hosts = [...direct].map(([name, groups]) => {
      const all = outwards(groups, parents);
      return this.#host(name, all, file, problems);
    });
    return { hosts, problems };
  }

  /** `groups` are ordered from the innermost to the outermost group. Variables of inner groups take precedence. */
  #host(name: string, groups: readonly string[], file: string, problems: Problem[]): InventoryHost {
    const vars = new Map<string, unknown>(this.#groups.get("all")?.vars);
    for (const group of groups.toReversed()) for (const [key, value] of this.group(group).vars) vars.set(key, value);
    const written = groups.flatMap((group) => this.group(group).hosts.get(name) ?? []);
    for (const { vars: own } of written.toReversed()) for (const [key, value] of own) vars.set(key, value);
    const line = written.find((one) => one.line !== undefined)?.line;
    const labels: string[] = [];
    for (const group of groups) {
      const label = group.toLowerCase();
      if (group === "all" || group === "ungrouped") continue;
      if (isName("label", label)) labels.push(label);
      else
        problems.push({
          ...error(
            "invalid_inventory",
            file,
            `group "${group}" is not a label`,
            "rename the group, or write the labels in workers.json",
          ),
          ...(line === undefined ? {} : { line }),
        });
    }
    return { ...described(name, vars), labels: labels.sort(), ...(line === undefined ? {} : { line }) };
  }
}

/** Groups and all groups around them, nearest first. */
function outwards(groups: readonly string[], parents: ReadonlyMap<string, readonly string[]>): string[] {
  const found = new Set<string>();
  let ring = [...groups];
  while (ring.length > 0) {
    for (const name of ring) found.add(name);
    ring = ring.flatMap((name) => parents.get(name) ?? []).filter((name) => !found.has(name));
  }
  return [...found];
}

function described(name: string, vars: ReadonlyMap<string, unknown>): Omit<InventoryHost, "labels"> {
  const read = (...names: readonly string[]) =>
    names.map((key) => vars.get(key)).find((value) => value !== undefined && value !== "");
  const address = read("ansible_host", "ansible_ssh_host");
  const host = address === undefined ? name : String(address);
  const port = read("ansible_port", "ansible_ssh_port");
  const user = read("ansible_user", "ansible_ssh_user");
  const connection = String(read("ansible_connection") ?? "ssh");
  const fields = {
    ...(host === name ? {} : { hostname: name }),
    ...(connection === "local" ? { transport: "local" } : {}),
    ...(user === undefined ? {} : { user: String(user) }),
    ...(port === undefined ? {} : { port: Number(port) }),
  };
  const template = [host, user, port].find((value) => typeof value === "string" && value.includes("{{"));
  const unusable =
    template !== undefined
      ? `${String(template)} is a template of Ansible; use ansible-inventory --list`
      : ["ssh", "smart", "paramiko", "local", "ansible.builtin.ssh"].includes(connection)
        ? undefined
        : `ansible_connection is ${connection}, not ssh`;
  return { name, host, fields, ...(unusable === undefined ? {} : { unusable }) };
}

import { error, type Problem } from "@maand/core";
import { isName } from "@maand/core/internal";
import { isRecord } from "@maand/core/operator";
import type { InventoryHost } from "./inventory.ts";

type Read = { readonly hosts: InventoryHost[]; readonly problems: Problem[] };

/** The names of the output with the workers. The first existing output is read. */
export const OUTPUTS = ["maand_workers", "workers"] as const;

const FORMS = "write a list of addresses, a list of objects as in workers.json, or a map from names or labels to these";

/**
 * Reads one output of `terraform output -json`: by default `maand_workers`, or else `workers`. A map from names to
 * addresses or objects sets the names of the workers. A map from labels to lists of addresses sets their labels.
 */
export function readTerraform(
  value: Readonly<Record<string, unknown>>,
  file: string,
  output: string | undefined,
): Read {
  const name = output ?? OUTPUTS.find((known) => Object.hasOwn(value, known));
  const found = name === undefined ? undefined : value[name];
  const problems: Problem[] = [];
  const hosts: InventoryHost[] = [];
  const refuse = (where: string, message: string) =>
    void problems.push(error("invalid_inventory", `${file}: ${where}`, message, FORMS));
  const add = (
    item: unknown,
    where: string,
    more: { readonly hostname?: string; readonly labels?: readonly string[] },
  ) => {
    if (typeof item === "string")
      hosts.push({
        name: item,
        host: item,
        labels: more.labels ?? [],
        fields: more.hostname ? { hostname: more.hostname } : {},
      });
    else if (isRecord(item) && typeof item.host === "string") {
      const { host, labels, ...fields } = item;
      const own = Array.isArray(labels) ? labels.map(String) : [];
      const named = more.hostname !== undefined && fields.hostname === undefined ? { hostname: more.hostname } : {};
      hosts.push({ name: host, host, labels: [...(more.labels ?? []), ...own], fields: { ...fields, ...named } });
    } else refuse(where, "is neither an address nor an object with host");
  };
  if (!isRecord(found) || !Object.hasOwn(found, "value"))
    refuse(name ?? OUTPUTS[0], `there is no such output; the outputs are: ${Object.keys(value).join(", ") || "none"}`);
  else if (Array.isArray(found.value)) for (const [at, item] of found.value.entries()) add(item, `${name}[${at}]`, {});
  else if (isRecord(found.value))
    for (const [key, item] of Object.entries(found.value)) {
      if (!Array.isArray(item)) add(item, `${name}.${key}`, { hostname: key });
      else if (!isName("label", key.toLowerCase())) refuse(`${name}.${key}`, "is not a label");
      else for (const [at, one] of item.entries()) add(one, `${name}.${key}[${at}]`, { labels: [key.toLowerCase()] });
    }
  else refuse(`${name}`, "is neither a list nor a map");
  return { hosts: merged(hosts), problems };
}

/** Merges the entries of a host that is in the lists of several labels. */
function merged(hosts: readonly InventoryHost[]): InventoryHost[] {
  const all = new Map<string, InventoryHost>();
  for (const one of hosts) {
    const known = all.get(one.host);
    const labels = [...new Set([...(known?.labels ?? []), ...one.labels])].sort();
    all.set(one.host, { ...one, fields: { ...known?.fields, ...one.fields }, labels });
  }
  return [...all.values()];
}

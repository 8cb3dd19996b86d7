import { error, type Problem } from "@maand/core";
import { isRecord, parseJson } from "@maand/core/operator";
import { readAnsibleIni } from "./ansible-ini.ts";
import { readAnsibleList, readAnsibleYaml } from "./ansible-tree.ts";
import type { Inventory, InventoryFormat, InventoryHost } from "./inventory.ts";
import { readTerraform } from "./terraform.ts";

/** A text to read, and the options for reading it. */
export interface InventoryText {
  readonly text: string;
  /** The file, as named in problems. */
  readonly file: string;
  /** The format; undefined: recognised by the content. */
  readonly format: InventoryFormat | undefined;
  /** The output of Terraform to read. */
  readonly output: string | undefined;
}

const CODE = "invalid_inventory";

/** Reads an inventory of any known format. Problems are part of the result. */
export async function readInventory({ text, file, format, output }: InventoryText): Promise<Inventory> {
  const json = /^\s*[[{]\s*(?:["\]}[{]|$)/.test(text) ? parsed(text, file) : undefined;
  if (json?.problems.length) return { format: format ?? "workers", hosts: [], problems: json.problems };
  if (json && Array.isArray(json.value)) return { format: "workers", ...readList(json.value, file) };
  if (json && isRecord(json.value)) {
    const isTerraform =
      format === "terraform" ||
      Object.values(json.value).some((one) => isRecord(one) && "value" in one && "type" in one);
    if (isTerraform && format !== "ansible") return { format: "terraform", ...readTerraform(json.value, file, output) };
    return { format: "ansible", ...readAnsibleList(json.value, file) };
  }
  if (format === "terraform" || format === "workers")
    return {
      format,
      hosts: [],
      problems: [error(CODE, file, "is not JSON", `write the file with a program that prints JSON`)],
    };
  if (isIni(text)) return { format: "ansible", ...readAnsibleIni(text, file) };
  return { format: "ansible", ...(await readYaml(text, file)) };
}

/** Whether a text is INI: it has a section, or a first line that does not end with a colon. */
function isIni(text: string): boolean {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^[#;]/.test(line));
  const [first = ""] = lines;
  return first.startsWith("[") || !(first === "---" || /^["']?[\w.-]+["']?\s*:(?:\s|$)/.test(first));
}

async function readYaml(text: string, file: string) {
  const { LineCounter, parseDocument, isMap, isScalar } = await import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ message, pos }) => ({
      ...error(CODE, file, `is not valid YAML: ${message}`),
      line: lines.linePos(pos[0]).line,
    }));
    return { hosts: [], problems };
  }
  const lineOf = (path: readonly string[]) => {
    let node: unknown = document.contents;
    let offset: number | undefined;
    for (const key of path) {
      if (!isMap(node)) break;
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      offset = isScalar(pair?.key) ? pair.key.range?.[0] : offset;
      node = pair?.value;
    }
    return offset === undefined ? undefined : lines.linePos(offset).line;
  };
  return readAnsibleYaml(document.toJS(), file, lineOf);
}

function parsed(text: string, file: string): { value: unknown; problems: Problem[] } {
  const problems: Problem[] = [];
  const value = parseJson(text, file, CODE, (problem) => void problems.push(problem));
  return { value, problems };
}

/** A list in the form of `workers.json`. */
function readList(list: readonly unknown[], file: string): { hosts: InventoryHost[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const hosts = list.flatMap((item, at): InventoryHost[] => {
    const entry = typeof item === "string" ? { host: item } : item;
    if (!isRecord(entry) || typeof entry.host !== "string") {
      problems.push(error(CODE, `${file}: [${at}]`, "has no host", 'write { "host": "10.0.0.1" }'));
      return [];
    }
    const { host, labels, ...fields } = entry;
    return [{ name: host, host, labels: Array.isArray(labels) ? labels.map(String) : [], fields }];
  });
  return { hosts, problems };
}

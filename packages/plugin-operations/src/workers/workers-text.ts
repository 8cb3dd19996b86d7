import type { Node } from "jsonc-parser";

/** An entry of `workers.json`, as written. */
export type WorkerEntry = Readonly<Record<string, unknown>> & { readonly host: string };

/** Sets fields of the entry at an index; everything else keeps its formatting. */
export async function withFields(text: string, at: number, fields: Readonly<Record<string, unknown>>): Promise<string> {
  let after = text;
  for (const [name, value] of Object.entries(fields)) {
    const entry = (await list(after))?.children?.[at];
    if (entry) after = withField(after, entry, name, value);
  }
  return after;
}

function withField(text: string, entry: Node, name: string, value: unknown): string {
  const property = entry.children?.find(({ children }) => children?.[0]?.value === name);
  const old = property?.children?.[1];
  if (old) return `${text.slice(0, old.offset)}${spaced(value)}${text.slice(old.offset + old.length)}`;
  const last = entry.children?.at(-1);
  const end = last ? last.offset + last.length : entry.offset + 1;
  const before = last ? /\n[ \t]*$/.exec(text.slice(entry.offset, last.offset))?.[0] : undefined;
  const gap = last ? `,${before ?? " "}` : " ";
  return `${text.slice(0, end)}${gap}${JSON.stringify(name)}: ${spaced(value)}${text.slice(end)}`;
}

/** Removes the entry at an index, with the comma and the white space that belong to it. */
export async function without(text: string, at: number): Promise<string> {
  const entries = (await list(text))?.children ?? [];
  const [before, entry, next] = [entries[at - 1], entries[at], entries[at + 1]];
  if (!entry) return text;
  const end = entry.offset + entry.length;
  if (before) return text.slice(0, before.offset + before.length) + text.slice(end);
  return text.slice(0, entry.offset) + text.slice(next ? next.offset : end);
}

async function list(text: string): Promise<Node | undefined> {
  const { default: jsonc } = await import("jsonc-parser");
  const found = jsonc.parseTree(text);
  return found?.type === "array" ? found : undefined;
}

/** The text with the entries added to the end of its list, in the indentation of the list. */
export async function appended(text: string, entries: readonly WorkerEntry[]): Promise<string> {
  if (entries.length === 0) return text;
  const entriesNode = await list(text);
  if (!entriesNode) return text;
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const last = entriesNode.children?.at(-1);
  const first = entriesNode.children?.[0];
  const indent = (first && /(?:^|\n)([ \t]*)$/.exec(text.slice(0, first.offset))?.[1]) || "  ";
  const lines = entries.map((entry) => `${end}${indent}${oneLine(entry)}`).join(",");
  const from = last ? last.offset + last.length : entriesNode.offset + 1;
  const close = entriesNode.offset + entriesNode.length - 1;
  const rest = text.slice(from, close);
  return `${text.slice(0, from)}${last ? "," : ""}${lines}${rest.includes("\n") ? rest : end}${text.slice(close)}`;
}

function oneLine(entry: WorkerEntry): string {
  const parts = Object.entries(entry).map(([key, value]) => `${JSON.stringify(key)}: ${spaced(value)}`);
  return `{ ${parts.join(", ")} }`;
}

function spaced(value: unknown): string {
  return Array.isArray(value) ? `[${value.map((item) => JSON.stringify(item)).join(", ")}]` : JSON.stringify(value);
}

import type { Node } from "jsonc-parser";

/**
 * Adds an entry to the object at `parent` of a JSON text, after the other entries and with their indentation. Creates
 * the object if it does not exist; nothing else in the text changes. The text must be a JSON object without that entry.
 */
export async function insertEntry(text: string, parent: string, name: string, value: string): Promise<string> {
  const { default: jsonc } = await import("jsonc-parser");
  const root = jsonc.parseTree(text);
  if (!root) return text;
  const layout = layoutOf(text);
  const inside = jsonc.findNodeAtLocation(root, [parent]);
  const entry = `${JSON.stringify(name)}: ${value}`;
  if (inside) return append(text, inside, entry, { ...layout, depth: 2 });
  const whole = `${JSON.stringify(parent)}: {${line(layout, 2)}${entry}${line(layout, 1)}}`;
  return append(text, root, whole, { ...layout, depth: 1 });
}

/** The indentation and newlines of a text. */
interface Layout {
  readonly indent: string;
  readonly end: string;
}

function layoutOf(text: string): Layout {
  return { indent: /\n([ \t]+)"/.exec(text)?.[1] ?? "  ", end: text.includes("\r\n") ? "\r\n" : "\n" };
}

function line({ indent, end }: Layout, depth: number): string {
  return `${end}${indent.repeat(depth)}`;
}

/** Adds a formatted entry at the end of an object. */
function append(text: string, object: Node, entry: string, layout: Layout & { readonly depth: number }): string {
  const last = object.children?.at(-1);
  const from = last ? last.offset + last.length : object.offset + 1;
  const to = object.offset + object.length - 1;
  const rest = text.slice(from, to);
  const before = last ? "," : "";
  const after = last && rest.includes("\n") ? rest : line(layout, layout.depth - 1);
  return `${text.slice(0, from)}${before}${line(layout, layout.depth)}${entry}${after}${text.slice(to)}`;
}

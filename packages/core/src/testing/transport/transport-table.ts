import type { TransportResult } from "./check-transport.ts";

/**
 * The results of some transports as a Markdown table: one row per guarantee, and a list of the limits after the table.
 */
export function transportTable(results: Readonly<Record<string, readonly TransportResult[]>>): string {
  const names = Object.keys(results);
  const [first = []] = Object.values(results);
  const rows = first.map(({ id, guarantee }) => [
    `\`${id}\``,
    guarantee,
    ...names.map((name) => cell(results[name], id)),
  ]);
  const head = ["Check", "Guarantee", ...names];
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  const notes = names.flatMap((name) => notesOf(name, results[name] ?? []));
  return [...lines, ...(notes.length > 0 ? ["", ...notes] : [])].join("\n");
}

const WORDS = { met: "yes", limit: "limit", failed: "**failed**" } as const;

function cell(results: readonly TransportResult[] = [], id: string): string {
  const found = results.find((result) => result.id === id);
  return found ? WORDS[found.outcome] : "";
}

function notesOf(name: string, results: readonly TransportResult[]): string[] {
  return results.flatMap(({ id, outcome, reason }) =>
    outcome === "met" ? [] : [`- ${name}, \`${id}\`: ${outcome === "failed" ? "failed: " : ""}${reason}`],
  );
}

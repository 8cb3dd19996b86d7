import { type Source, target } from "./sources.ts";

/** Groups of files that import each other: strongly connected components of more than one file (Tarjan's algorithm). */
export function importCycles(sources: readonly Source[]): string[][] {
  const imports = new Map(
    sources.map((source) => [source.path, source.imports.flatMap((module) => target(source, module) ?? [])]),
  );
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const cycles: string[][] = [];

  function visit(path: string): number {
    const own = order.size;
    order.set(path, own);
    lowest.set(path, own);
    open.push(path);
    for (const next of imports.get(path) ?? []) {
      if (!imports.has(next)) continue;
      const reached = order.has(next) ? open.includes(next) && order.get(next) : visit(next);
      if (typeof reached === "number") lowest.set(path, Math.min(lowest.get(path) ?? own, reached));
    }
    if (lowest.get(path) === own) close(path);
    return lowest.get(path) ?? own;
  }

  function close(path: string): void {
    const group = open.splice(open.indexOf(path));
    if (group.length > 1) cycles.push(group.sort());
  }

  for (const path of imports.keys()) if (!order.has(path)) visit(path);
  return cycles.sort();
}

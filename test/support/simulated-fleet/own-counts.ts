import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { openSqlite } from "@maand/core/internal";

/** Counts of the work that a command does on the controller. */
export interface OwnCounts {
  /** SQL statements, except those that begin and end transactions, whose number depends on the clock. */
  statements: number;
  /**
   * The statements that read or write the table of allocations, which has tens of thousands of rows in a large fleet.
   */
  allocationStatements: number;
  /** The number of times that files of the workspace were opened for reading. */
  workspaceReads: number;
  /** Bytes that this process wrote to files and pipes. */
  bytesWritten: number;
}

const RUN = ["run", "get", "all"] as const;
const READ = ["readFileSync", "openSync"] as const;

/** Runs some work in this process, and counts its operations. No other work may run in the process at the same time. */
export async function counted(workspace: string, work: () => Promise<unknown>): Promise<OwnCounts> {
  const counts = { statements: 0, allocationStatements: 0, workspaceReads: 0, bytesWritten: 0 };
  const restoreStatements = countStatements(counts);
  const restoreReads = countReads(workspace, counts);
  const before = writtenSoFar();
  try {
    await work();
  } finally {
    counts.bytesWritten = writtenSoFar() - before;
    restoreReads();
    restoreStatements();
  }
  return counts;
}

function countStatements(counts: OwnCounts): () => void {
  const database = openSqlite(":memory:", {});
  const prototype: object = Object.getPrototypeOf(database.prepare("SELECT 1"));
  database.close();
  return replaced(
    prototype,
    RUN,
    (original) =>
      function counting(this: unknown, ...given: unknown[]) {
        const sql = sourceOf(this);
        if (!BRACKET.test(sql)) counts.statements += 1;
        if (/\ballocation\b(?!\.)/.test(sql)) counts.allocationStatements += 1;
        return Reflect.apply(original, this, given);
      },
  );
}

const BRACKET = /^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b/;

function sourceOf(statement: unknown): string {
  const source: unknown = Reflect.get(Object(statement), "source");
  return typeof source === "string" ? source : "";
}

function countReads(workspace: string, counts: OwnCounts): () => void {
  const counting = (original: Callable) =>
    function reading(this: unknown, ...given: unknown[]) {
      if (typeof given[0] === "string" && given[0].startsWith(`${workspace}/`)) counts.workspaceReads += 1;
      return Reflect.apply(original, this, given);
    };
  const restores = [replaced(fs, READ, counting), replaced(fs.promises, ["readFile", "open"], counting)];
  syncBuiltinESMExports();
  return () => {
    for (const restore of restores) restore();
    syncBuiltinESMExports();
  };
}

type Callable = (...given: never[]) => unknown;

/** Replaces methods of an object until the returned function is called. */
function replaced(owner: object, names: readonly string[], by: (original: Callable) => Callable): () => void {
  const originals = names.map((name) => [name, Reflect.get(owner, name)] as const);
  for (const [name, original] of originals) Reflect.set(owner, name, by(original));
  return () => {
    for (const [name, original] of originals) Reflect.set(owner, name, original);
  };
}

function writtenSoFar(): number {
  return Number(/^wchar: (\d+)$/m.exec(fs.readFileSync("/proc/self/io", "utf8"))?.[1] ?? 0);
}

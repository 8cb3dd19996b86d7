import { type Context, MaandCommand } from "@maand/command";
import type { Table, TableRow } from "@maand/core";
import { Command, type CommandClass } from "clipanion";

/** The command `maand cat <word>` for a plugin's table. */
export function tableCommand(word: string, { description, columns, rows }: Table): CommandClass<Context> {
  return class extends MaandCommand {
    static override paths = [["cat", word], ...(word.includes("_") ? [["cat", word.replaceAll("_", "-")]] : [])];
    static override usage = Command.Usage({ category: "Inspect", description });

    override async work(): Promise<number> {
      const found = await this.withBucket(async (bucket) => rows(bucket));
      const cells = (row: TableRow) => columns.map((column) => row[column] ?? null);
      if (this.json)
        this.printJson(found.map((row) => Object.fromEntries(columns.map((key, at) => [key, cells(row)[at]]))));
      else
        this.printTable(
          columns,
          found.map((row) => cells(row).map((cell) => (cell === null ? "" : String(cell)))),
        );
      return 0;
    }
  };
}

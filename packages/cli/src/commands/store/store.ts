import { resolve } from "node:path";
import { Command, MaandCommand, Option, plural } from "@maand/command";
import { findBucket } from "@maand/core/readonly";

/** `maand store move`. */
class StoreMoveCommand extends MaandCommand {
  static override paths = [["store", "move"]];
  static override usage = Command.Usage({
    category: "Bucket",
    description: "move the state of the bucket to PostgreSQL, or back",
    details:
      "Copies all rows in one transaction, reads them back, compares them, and sets store in maand.conf. Keeps the old store, which maand then refuses to use. If the move is interrupted, run it again. The password comes from PGPASSWORD, ~/.pgpass or store_password_command.",
    examples: [
      ["To a database", "maand store move --to postgres://maand@db.example.com/maand?sslmode=verify-full"],
      ["Back to this machine", "maand store move --to sqlite"],
    ],
  });

  to = Option.String("--to", { required: true, description: "The URL of a PostgreSQL database, or sqlite." });

  override async work(): Promise<number> {
    const { moveStore } = await import("@maand/core/internal");
    const moved = moveStore(findBucket(this.from), this.to, this.context);
    const { bucket, place, rows, kept } = moved;
    if (this.json) this.printJson({ bucket_id: bucket, store: place, rows, kept: kept ?? null });
    else if (!this.quiet) {
      this.print(`moved to ${place}: ${plural(rows, "row")}, each compared`);
      this.print(kept === undefined ? "the rows in the database stay there, unused" : `the old store is ${kept}`);
      if (kept !== undefined)
        this.print(`to get a copy on another machine: maand clone ${place} --bucket ${bucket} DIR`);
    }
    return 0;
  }
}

/** `maand store backup`. */
class StoreBackupCommand extends MaandCommand {
  static override paths = [["store", "backup"]];
  static override usage = Command.Usage({
    category: "Bucket",
    description: "write the state of the bucket to a file",
    details:
      "Writes a consistent copy of the store, even if the store is in PostgreSQL. Other commands can use the store meanwhile. Secrets stay encrypted, so also keep a copy of secrets/kv.key.",
    examples: [
      ["Before an upgrade", "maand store backup before.db"],
      ["While the database is down", "maand store backup --offline copy.db"],
    ],
  });

  file = Option.String();
  offline = Option.Boolean("--offline", false, {
    description: "Do not use the database: write the state of this copy.",
  });

  override async work(): Promise<number> {
    const { backupStore } = await import("@maand/core/internal");
    const rows = backupStore(findBucket(this.from), resolve(this.from, this.file), { offline: this.offline });
    if (this.json) this.printJson({ file: this.file, rows });
    else if (!this.quiet) this.print(`${this.file}: ${plural(rows, "row")}`);
    return 0;
  }
}

/** `maand store restore`. */
class StoreRestoreCommand extends MaandCommand {
  static override paths = [["store", "restore"]];
  static override usage = Command.Usage({
    category: "Bucket",
    description: "replace the state of the bucket with a backup",
    details:
      "Replaces the entire store with a backup of the same bucket. The bucket then has no record of changes since the backup, so run maand doctor and maand deploy --verify.",
    examples: [
      ["From a backup", "maand store restore before.db"],
      ["Then compare the workers with the restored state", "maand drift"],
    ],
  });

  file = Option.String();

  override async work(): Promise<number> {
    const { restoreStore } = await import("@maand/core/internal");
    const rows = restoreStore(findBucket(this.from), resolve(this.from, this.file), this.context);
    if (this.json) this.printJson({ file: this.file, rows });
    else if (!this.quiet) this.print(`restored ${plural(rows, "row")}; now run maand doctor`);
    return 0;
  }
}

export const STORE_COMMANDS = [StoreMoveCommand, StoreBackupCommand, StoreRestoreCommand];

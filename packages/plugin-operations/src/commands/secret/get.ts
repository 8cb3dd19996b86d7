import { Command, Option } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import {
  type BucketPaths,
  didYouMean,
  kvEntry,
  kvKeyOf,
  MaandError,
  ownerText,
  type Store,
  secretNamespace,
} from "@maand/core/readonly";
import { createdAt } from "../cat/kv.ts";
import { secretViews } from "./secret-views.ts";

/** `maand secret get`. */
export class SecretGetCommand extends StoredCommand {
  static override paths = [["secret", "get"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "show when a secret was changed, or its value",
    details:
      "Without --reveal, prints when the secret was changed. With --reveal, prints the value exactly as stored. On a terminal, also prints a newline, and warns on stderr that the value is on the screen.",
    examples: [
      ["When the secret was changed", "maand secret get db_password --job api"],
      ["The value, for another program", "maand secret get db_password --job api --reveal | psql-login"],
    ],
  });

  key = Option.String({ name: "key" });
  job = Option.String("--job", { description: "The job that the secret belongs to; default: the bucket." });
  reveal = Option.Boolean("--reveal", false, { description: "Print the value in clear text." });

  override show(store: Store, paths: BucketPaths): number {
    const { job: owner, key } = this;
    const all = secretViews(store, { owner });
    const secret = all.find((one) => one.key === key);
    if (!secret)
      throw new MaandError({
        code: "NOT_FOUND",
        message: `${ownerText(owner)} has no secret ${JSON.stringify(key)}`,
        hint:
          didYouMean(
            key,
            all.map((one) => one.key),
          ) ?? "to list all secrets, run maand secret list",
      });
    const value = this.reveal
      ? kvEntry(store, { key: () => kvKeyOf(paths) }, secretNamespace(owner), key).value()
      : undefined;
    const { version, createdDate, source } = secret;
    if (this.json)
      this.printJson({
        job: owner ?? null,
        key,
        version,
        created_date: createdDate,
        source: source ?? null,
        value: value ?? null,
      });
    else if (value === undefined)
      this.print(
        `${key} of ${ownerText(owner)}: version ${version}, changed ${createdAt(secret)} UTC${source === undefined ? "" : `, from ${source}`}; --reveal prints it`,
      );
    else this.#printValue(value);
    return 0;
  }

  #printValue(value: string): void {
    const { stdout, stderr } = this.context;
    stdout.write(stdout.isTTY === true ? `${value}\n` : value);
    if (stdout.isTTY === true)
      stderr.write(`${this.style("stderr").warn("note:")} the value is on this screen, and in its scrollback\n`);
  }
}

import { MaandCommand } from "@maand/command";
import { didYouMean, error, isMaandError, type Plugin, problemsError, SCHEMA_NAMES } from "@maand/core";
import { Command, Option } from "clipanion";
import { jsonSchema } from "../editor/json-schema.ts";

/** `maand schema`. */
export class SchemaCommand extends MaandCommand {
  static override paths = [["schema"]];
  static override usage = Command.Usage({
    category: "Look",
    description: "the JSON Schema of a file you write: manifest, workers, disabled, config",
    details:
      "For editors and other checkers: draft 7, made from the definitions the files are checked by. The schemas of a manifest and of maand.conf have the keys that the plugins of this bucket own; outside of a bucket, those of the stock plugins. maand init writes all of them below workspace/.schemas/.",
    examples: [
      ["What a manifest may say", "maand schema manifest"],
      ["What maand.conf may say", "maand schema config"],
    ],
  });

  file = Option.String({ required: true, name: "manifest|workers|disabled|config" });

  override async work(): Promise<number> {
    const name = SCHEMA_NAMES.find((one) => one === this.file.trim());
    if (name === undefined) throw unknownSchema(this.file);
    this.printJson(jsonSchema(name, name === "manifest" || name === "config" ? await this.plugins() : []));
    return 0;
  }

  /** Those of the bucket, if there is one. */
  private async plugins(): Promise<readonly Plugin[]> {
    try {
      return await this.withBucket(async ({ plugins }) => plugins);
    } catch (cause) {
      if (!isMaandError(cause) || cause.code !== "NOT_A_BUCKET") throw cause;
      return (await this.context.program.loadOptions(undefined)).defaults();
    }
  }
}

function unknownSchema(word: string) {
  const hint = didYouMean(word, SCHEMA_NAMES) ?? `known here: ${SCHEMA_NAMES.join(", ")}`;
  return problemsError([error("unknown_name", word, "there is no schema of that name", hint)]);
}

import { Command, Option } from "@maand/command";
import { EngineCommand } from "@maand/command/internal";
import { didYouMean, error, type FileSchema, isMaandError, type Plugin } from "@maand/core";
import { problemsError, SCHEMA_NAMES } from "@maand/core/internal";
import { jsonSchema, pluginSchema, pluginSchemas } from "../editor/json-schema.ts";

/** `maand schema`. */
export class SchemaCommand extends EngineCommand {
  static override paths = [["schema"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "print the JSON Schema of a file: manifest, workers, config, ...",
    details:
      "Use the schema in editors and other validators. The schema is JSON Schema draft 7, generated from the definitions that maand uses to validate the files. The schemas of a manifest and of maand.conf include the keys of the bucket's plugins, or of the stock plugins outside a bucket. The schemas scrape and rules describe files in _prometheus/ of a job. maand init writes all schemas to workspace/.schemas/, and every build updates the schemas that changed.",
    examples: [
      ["Keys of a manifest", "maand schema manifest"],
      ["Keys of maand.conf", "maand schema config"],
    ],
  });

  file = Option.String({ required: true, name: "manifest|workers|disabled|config|..." });

  override async work(): Promise<number> {
    const word = this.file.trim();
    const name = SCHEMA_NAMES.find((one) => one === word);
    if (name === "workers" || name === "disabled") this.printJson(jsonSchema(name, []));
    else if (name) this.printJson(jsonSchema(name, await this.plugins()));
    else this.printJson(await pluginSchema(schemaNamed(word, pluginSchemas(await this.plugins()))));
    return 0;
  }

  /** The plugins of the bucket, if there is one. */
  private async plugins(): Promise<readonly Plugin[]> {
    try {
      return await this.withEngine(async ({ plugins }) => plugins);
    } catch (cause) {
      if (!isMaandError(cause) || cause.code !== "NOT_A_BUCKET") throw cause;
      return (await this.context.program.loadOptions(undefined)).defaults();
    }
  }
}

function schemaNamed(word: string, added: readonly (readonly [string, FileSchema])[]): FileSchema {
  const found = added.find(([name]) => name === word);
  if (found) return found[1];
  const names = [...SCHEMA_NAMES, ...added.map(([name]) => name)];
  const hint = didYouMean(word, names) ?? `use one of: ${names.join(", ")}`;
  throw problemsError([error("unknown_name", word, "unknown schema", hint)]);
}

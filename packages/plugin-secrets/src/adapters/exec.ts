import type { SecretReference } from "@maand/core";
import { type Adapter, WrongOutput } from "../adapter.ts";
import { memberOf, parseOutput } from "../json.ts";
import type { SecretsSettings } from "../settings.ts";

/** The version of the contract, in its input and output. */
const VERSION = 1;

/**
 * Any program that follows a fixed JSON contract: it gets `{version, references: [{reference, path, field}]}` on
 * standard input, and prints `{version, secrets: {<reference>: <value>}}`.
 */
export function exec(programs: SecretsSettings["secret_programs"]): Adapter {
  const names = Object.keys(programs);
  return {
    syntax: `secret://exec/<name>/<path>, with a name of secret_programs in maand.conf (${names.length === 0 ? "there are none" : names.join(", ")})`,
    install: "correct secret_programs in maand.conf",
    access: "run it by hand; docs/secrets.md describes what it gets and prints",
    locate({ path, text }) {
      const [name = "", ...rest] = path;
      const [program, ...args] = (Object.hasOwn(programs, name) && programs[name]) || [];
      if (program === undefined || rest.length === 0) return undefined;
      return { argv: [program, ...args], field: text };
    },
    input: (references) => `${JSON.stringify({ version: VERSION, references: references.map(described) })}\n`,
    value(output, reference) {
      const json = parseOutput(output);
      if (memberOf(json, "version") !== VERSION)
        throw new WrongOutput(`its output is not {"version": ${VERSION}, ...}`);
      const value = memberOf(json, "secrets", reference);
      if (value !== undefined && typeof value !== "string") throw new WrongOutput("its value is not a string");
      return value;
    },
  };
}

function described({ text, path: [, ...path], field }: SecretReference) {
  return { reference: text, path: path.join("/"), field: field ?? null };
}

import type { Adapter } from "../adapter.ts";
import { WrongOutput } from "../adapter.ts";
import { elementsOf, memberOf, parseOutput, secretText } from "../json.ts";

/** 1Password, through `op`. */
export const op: Adapter = {
  syntax: "secret://op/<vault>/<item>/<field>, or secret://op/<vault>/<item>/<section>/<field>",
  install: "install the command-line tool of 1Password, version 2",
  access: "log in: op signin, or set OP_SERVICE_ACCOUNT_TOKEN",
  locate({ path, field: none }) {
    const [vault, item, ...field] = path;
    if (vault === undefined || item === undefined || field.length === 0 || field.length > 2 || none !== undefined)
      return undefined;
    return { argv: ["op", "item", "get", item, "--vault", vault, "--format", "json"], field: field.join("/") };
  },
  value(output, wanted) {
    const parts = wanted.split("/");
    const [name, section] = [parts.at(-1), parts.length === 2 ? parts[0] : undefined];
    const found = elementsOf(memberOf(parseOutput(output), "fields")).filter(
      (field) => isNamed(field, name) && (section === undefined || isNamed(memberOf(field, "section"), section)),
    );
    if (found.length > 1) throw new WrongOutput("it has several fields of this name; name the section too");
    return secretText(memberOf(found[0], "value"));
  },
};

function isNamed(value: unknown, name: string | undefined): boolean {
  return memberOf(value, "label") === name || memberOf(value, "id") === name;
}

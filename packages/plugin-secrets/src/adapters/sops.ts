import type { Adapter } from "../adapter.ts";
import { memberOf, parseOutput, secretText } from "../json.ts";

/** Files encrypted with SOPS, through `sops`. */
export const sops: Adapter = {
  syntax: "secret://sops/<file in the bucket>#<key>, with dots between keys of nested tables",
  install: "install sops",
  access: "check that `sops --decrypt <file>` works, for example with SOPS_AGE_KEY_FILE set",
  locate({ path, field }) {
    if (field === undefined) return undefined;
    return { argv: ["sops", "--decrypt", "--output-type", "json", path.join("/")], field };
  },
  value(output, field) {
    const json = parseOutput(output);
    return secretText(memberOf(json, field) ?? memberOf(json, ...field.split(".")));
  },
};

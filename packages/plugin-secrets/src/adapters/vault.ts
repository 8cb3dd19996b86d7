import type { Adapter } from "../adapter.ts";
import { memberOf, parseOutput, secretText } from "../json.ts";

/** HashiCorp Vault, key-value engines of both versions, through `vault`. */
export const vault: Adapter = {
  syntax: "secret://vault/<mount>/<path>/<key>",
  install: "install the command-line tool of HashiCorp Vault",
  access: "set VAULT_ADDR and log in: vault login",
  locate({ path, field: none }) {
    const [mount, ...rest] = path;
    const key = rest.pop();
    if (mount === undefined || key === undefined || rest.length === 0 || none !== undefined) return undefined;
    return { argv: ["vault", "kv", "get", "-format=json", `-mount=${mount}`, rest.join("/")], field: key };
  },
  value(output, key) {
    const json = parseOutput(output);
    const isVersioned = memberOf(json, "data", "metadata", "version") !== undefined;
    return secretText(isVersioned ? memberOf(json, "data", "data", key) : memberOf(json, "data", key));
  },
};

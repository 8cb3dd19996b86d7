import { type Adapter, WrongOutput } from "../adapter.ts";
import { elementsOf, memberOf, parseOutput, secretText } from "../json.ts";

const LOGIN: readonly string[] = ["username", "password", "totp"];

/** The Bitwarden password manager, through `bw`. */
export const bw: Adapter = {
  syntax: "secret://bw/<item>/<field>, with the field username, password, totp, notes or one of your own",
  install: "install the command-line tool of Bitwarden",
  access: "log in and unlock: bw login, then export BW_SESSION=$(bw unlock --raw)",
  locate({ path, field: none }) {
    const [item, field, ...more] = path;
    if (item === undefined || field === undefined || more.length > 0 || none !== undefined) return undefined;
    return { argv: ["bw", "--nointeraction", "get", "item", item], field };
  },
  value(output, field) {
    const json = parseOutput(output);
    const own = elementsOf(memberOf(json, "fields")).filter((one) => memberOf(one, "name") === field);
    if (own.length > 1) throw new WrongOutput("it has several fields of this name");
    if (own.length === 1) return secretText(memberOf(own[0], "value"));
    if (LOGIN.includes(field)) return secretText(memberOf(json, "login", field));
    return field === "notes" ? secretText(memberOf(json, "notes")) : undefined;
  },
};

/** Bitwarden Secrets Manager, through `bws`: all secrets of a project with one call. */
export const bws: Adapter = {
  syntax: "secret://bws/<project id>/<key>",
  install: "install bws, the command-line tool of Bitwarden Secrets Manager",
  access: "set BWS_ACCESS_TOKEN",
  locate({ path, field: none }) {
    const [project, key, ...more] = path;
    if (project === undefined || key === undefined || more.length > 0 || none !== undefined) return undefined;
    return { argv: ["bws", "secret", "list", project, "--output", "json"], field: key };
  },
  value(output, key) {
    const found = elementsOf(parseOutput(output)).filter((one) => memberOf(one, "key") === key);
    if (found.length > 1) throw new WrongOutput("the project has several secrets with this key");
    return secretText(memberOf(found[0], "value"));
  },
};

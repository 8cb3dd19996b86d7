import type { Adapter } from "../adapter.ts";

/** Files encrypted with age, through `age`: the value is the complete file. */
export function age(identity: string): Adapter {
  return {
    syntax: "secret://age/<file in the bucket>",
    install: "install it: apt-get install age",
    access: `check that the file is encrypted for the identity in ${identity}`,
    locate({ path, field: none }) {
      if (none !== undefined) return undefined;
      return { argv: ["age", "--decrypt", "--identity", identity, "--", path.join("/")], field: "" };
    },
    value: (output) => output,
  };
}

import type { Adapter } from "../adapter.ts";

/** The field for a complete entry. */
const ALL = "*";

/**
 * `pass`, the password store of GnuPG: the first line of an entry, a line `name: value` in it, or the complete entry.
 */
export const pass: Adapter = {
  syntax: "secret://pass/<entry>, with #<name> for a line `name: value` of it, or #* for all of it",
  install: "install it: apt-get install pass",
  access: "check that `pass show <entry>` works in this terminal, with the GnuPG key unlocked",
  locate: ({ path, field = "" }) => ({ argv: ["pass", "show", path.join("/")], field }),
  value(output, field) {
    if (field === ALL) return output;
    const [first, ...lines] = output.split("\n");
    if (field === "") return first;
    const line = lines.find((one) => one.startsWith(`${field}:`));
    return line?.slice(field.length + 1).replace(/^ /, "");
  },
};

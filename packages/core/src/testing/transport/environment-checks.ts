import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { secret } from "../../remote/secret.ts";
import type { TransportCheck } from "./check.ts";
import { sh } from "./trial.ts";

const ODD_VALUES = [
  "",
  " ",
  "a b",
  "line\nbreak\n",
  "\n\n",
  "tab\t",
  "'",
  '"',
  "\\",
  "\\n",
  "%s %b",
  "$HOME",
  "`id`",
  "a=b",
  "é 🙂",
];

/** Checks of the environment of a command, and of its visibility to others. */
export const ENVIRONMENT_CHECKS: readonly TransportCheck[] = [
  {
    id: "variables",
    guarantee: "every variable arrives unchanged, plain or secret, with and without `asRoot`",
    async run({ remote }) {
      const plain = ODD_VALUES.map((value, at) => [`PLAIN_${at}`, value] as const);
      const hidden = ODD_VALUES.map((value, at) => [`HIDDEN_${at}`, secret(value)] as const);
      const names = [...plain, ...hidden].map(([name]) => name);
      const script = 'for name; do eval "printf \'%s\\\\0\' \\"\\$$name\\""; done';
      for (const asRoot of [false, true]) {
        const env = Object.fromEntries([...plain, ...hidden]);
        const { stdout } = await remote.exec(sh(script, ...names), { env, asRoot });
        assert.deepEqual(stdout.split("\0").slice(0, -1), [...ODD_VALUES, ...ODD_VALUES]);
      }
    },
  },
  {
    id: "secret-variables",
    guarantee: "the value of a secret variable appears in no process list, and its command still reads its own input",
    async run({ remote }) {
      const token = randomUUID();
      const script = 'cat; for at in /proc/[0-9]*/cmdline; do tr "\\0" " " <"$at"; done 2>/dev/null; [ -n "$TOKEN" ]';
      const { stdout } = await remote.exec(sh(script), { env: { TOKEN: secret(token) }, stdin: "the input " });
      assert.match(stdout, /^the input /);
      assert(!stdout.includes(token), "the secret is shown in the list of processes");
    },
  },
  {
    id: "variable-names",
    guarantee: "a variable with an invalid name is refused, and nothing runs",
    async run(trial) {
      const ran = trial.path("ran");
      for (const name of ["A-B", "1A", "A B", "A=B", "", "A;touch"])
        await assert.rejects(trial.remote.probe(["touch", ran], { env: { [name]: "x" } }), TypeError, `name "${name}"`);
      assert.equal(await trial.exists(ran), false);
    },
  },
];

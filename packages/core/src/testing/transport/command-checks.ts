import assert from "node:assert/strict";
import { secret } from "../../remote/secret.ts";
import type { TransportCheck } from "./check.ts";
import { refused, sh } from "./trial.ts";

const CODES = [0, 1, 2, 7, 124, 126, 127, 128, 137, 143, 254, 255];
const SIGNALS = [
  ["TERM", 143],
  ["KILL", 137],
  ["SEGV", 139],
  ["HUP", 129],
] as const;

/** Words that at least one shell would change. */
const ODD_WORDS = [
  ...[
    "",
    " ",
    "a b",
    "  lead and trail  ",
    "tab\there",
    "line\nbreak",
    "\n",
    "carriage\rreturn",
    "'",
    '"',
    "it's",
    `'"'"'`,
  ],
  ...[
    "\\",
    "\\n",
    "a\\",
    "$HOME",
    "$(id)",
    "`id`",
    "$" + "{x}",
    "*",
    "?",
    "[a-z]",
    "{a,b}",
    "~",
    "~root",
    "!",
    "!!",
    "a!b",
  ],
  ...[
    "#",
    "# no comment",
    "a;b",
    "a&b",
    "a|b",
    "<",
    ">",
    "(",
    ")",
    "=",
    "=ls",
    "%",
    "%s",
    "%self",
    "^",
    "-n",
    "--",
    "-",
    "-e",
  ],
  ...["é ü ß", "日本語", "🙂", "\u00a0", "\u0001\u001b[31m", "--flag=va lue", "/a//b/../c", "-----BEGIN"],
];

/** How commands start, what they receive, and which exit code they return. */
export const COMMAND_CHECKS: readonly TransportCheck[] = [
  {
    id: "exit-codes",
    guarantee: "every exit code is the result of `probe`, including 124, 137 and 255",
    async run({ remote }) {
      const results = await Promise.all(CODES.map((code) => remote.probe(sh(`exit ${code}`))));
      assert.deepEqual(
        results.map(({ code }) => code),
        CODES,
      );
    },
  },
  {
    id: "signals",
    guarantee: "a command killed by a signal has the exit code 128 plus the signal number",
    async run({ remote }) {
      for (const [name, code] of SIGNALS)
        assert.equal((await remote.probe(sh(`kill -${name} $$`))).code, code, `ended by SIG${name}`);
    },
  },
  {
    id: "exec-fails",
    guarantee: "`exec` throws COMMAND_FAILED with the exit code and the last lines",
    async run({ remote }) {
      const script = "echo out; echo first >&2; echo second >&2; exit 7";
      const error = await refused(remote.exec(sh(script)), "COMMAND_FAILED", remote.host);
      assert.deepEqual([error.exit, error.output], [7, ["first", "second"]]);
    },
  },
  {
    id: "title",
    guarantee: "an error names a command by its title, and shows no secret",
    async run({ remote }) {
      const failing = sh('exit "$1"', "9");
      const titled = await refused(remote.exec(failing, { title: "the check" }), "COMMAND_FAILED", remote.host);
      assert.match(titled.message, /the check/);
      const bare = await refused(remote.exec([...failing, secret("open-sesame")]), "COMMAND_FAILED", remote.host);
      assert.doesNotMatch(JSON.stringify([bare.message, bare.hint, bare.output]), /open-sesame/);
    },
  },
  {
    id: "missing-program",
    guarantee: "a missing program results in exit code 127",
    async run({ remote }) {
      assert.equal((await remote.probe(["/nowhere/program"])).code, 127);
    },
  },
  {
    id: "odd-words",
    guarantee: "every argument arrives unchanged, with all special characters",
    async run({ remote }) {
      const { stdout } = await remote.exec(["printf", "%s\\0", ...ODD_WORDS]);
      assert.deepEqual(stdout.split("\0").slice(0, -1), ODD_WORDS);
    },
  },
  {
    id: "long-words",
    guarantee: "an argument of 64 KiB and a thousand arguments arrive",
    async run({ remote }) {
      const long = "x'".repeat(2 ** 13);
      assert.equal((await remote.exec(["printf", "%s", long])).stdout, long);
      const wide = "x".repeat(2 ** 16);
      assert.equal((await remote.exec(["printf", "%s", wide])).stdout, wide);
      const many = Array.from({ length: 1_000 }, (_, at) => `word-${at}`);
      assert.equal((await remote.exec(["printf", "%s\n", ...many])).stdout, `${many.join("\n")}\n`);
    },
  },
  {
    id: "directory",
    guarantee: "a command runs in `cwd`, even if its name has special characters",
    async run(trial) {
      const { remote } = trial;
      const cwd = trial.path('it\'s a "$HOME" \\ -directory');
      await remote.exec(["mkdir", cwd]);
      assert.equal((await remote.exec(["pwd"], { cwd })).stdout, `${cwd}\n`);
      assert.equal((await remote.exec(["pwd"], { cwd, asRoot: true })).stdout, `${cwd}\n`);
    },
  },
  {
    id: "missing-directory",
    guarantee: "if `cwd` is not a directory, `exec` throws COMMAND_FAILED and nothing runs",
    async run(trial) {
      const { remote } = trial;
      const [cwd, ran] = [trial.path("nowhere"), trial.path("ran")];
      await refused(remote.exec(["touch", ran], { cwd }), "COMMAND_FAILED", remote.host);
      assert.equal(await trial.exists(ran), false);
    },
  },
  {
    id: "as-root",
    guarantee: "with `asRoot`, a command runs as root if the remote has sudo, otherwise as the login user",
    async run({ remote }) {
      const idOf = async (asRoot: boolean) => Number((await remote.exec(["id", "-u"], { asRoot })).stdout);
      const own = await idOf(false);
      const allowed = remote.sudo ? [0] : [0, own];
      assert(allowed.includes(await idOf(true)), `neither root nor the login user, ${own}`);
    },
  },
  {
    id: "many",
    guarantee: "40 parallel commands each get their own input, output and exit code",
    async run({ remote }) {
      const numbers = Array.from({ length: 40 }, (_, at) => at);
      const results = await Promise.all(
        numbers.map((at) =>
          remote.probe(sh('read -r line; echo "$1 $line"; exit "$1"', `${at}`), { stdin: `line ${at}\n` }),
        ),
      );
      assert.deepEqual(
        results.map(({ code, stdout }) => [code, stdout]),
        numbers.map((at) => [at, `${at} line ${at}\n`]),
      );
    },
  },
];

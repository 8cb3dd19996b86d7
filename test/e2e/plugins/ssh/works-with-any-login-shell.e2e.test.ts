import { secret } from "@maand/core";
import { describe, expect, test } from "vitest";
import { withFleetBucket } from "../../../support/bucket/fleet-bucket.ts";
import { type FleetOptions, type FleetWorker, remotesFor, until, withFleet } from "../../../support/fleet/index.ts";
import { changeLogin, isInstalled, type Login } from "../../../support/fleet/login.ts";
import { failure } from "../../../support/fleet/use-fleet.ts";

/** Calls a function with one worker that has the given login shell and start-up files. */
function withLogin<T>(
  login: Login,
  use: (fixture: {
    worker: FleetWorker;
    connect: () => ReturnType<ReturnType<typeof remotesFor>["connect"]>;
  }) => Promise<T>,
  options: Omit<FleetOptions, "count"> = {},
): Promise<T> {
  return withFleet({ count: 1, ...options }, async (fleet) => {
    const [worker] = fleet.workers as [FleetWorker];
    await changeLogin(fleet, worker, login);
    const remotes = remotesFor(fleet);
    try {
      return await use({ worker, connect: () => remotes.connect(worker) });
    } finally {
      await remotes.close();
    }
  });
}

const NASTY = [
  "",
  " ",
  "'",
  '"',
  "$HOME",
  "`id`",
  "\\",
  "\\n",
  "a\nb",
  "*",
  "~",
  "!!",
  "a!b",
  "#x",
  "=ls",
  "ü→😀",
  ";x",
];

/** Start-up files that print to stdout and stderr, with and without a newline, and trace each command. */
const POSIX_NOISE = "printf Welcome; echo ' to this host' >&2; printf 'on both'; set -x\n";
const CSH_NOISE = "echo Welcome to this host; set echo; echo -n more\n";

const SHELLS: readonly (readonly [program: string, Login])[] = [
  ["bash", { shell: "/bin/bash", home: { ".bashrc": POSIX_NOISE } }],
  ["dash", { shell: "/bin/dash" }],
  ["zsh", { shell: "/usr/bin/zsh", home: { ".zshenv": `setopt rcquotes\n${POSIX_NOISE}` } }],
  ["ksh", { shell: "/usr/bin/ksh" }],
  ["tcsh", { shell: "/usr/bin/tcsh", home: { ".tcshrc": CSH_NOISE } }],
  ["csh", { shell: "/usr/bin/csh", home: { ".cshrc": CSH_NOISE } }],
  ["fish", { shell: "/usr/bin/fish", home: { ".config/fish/config.fish": "echo Welcome; echo to this host >&2\n" } }],
];

describe.each(SHELLS)("with %s as the login shell and start-up files that print", (program, login) => {
  test.skipIf(!isInstalled(program))("commands run, and return only their own output", () =>
    withLogin(login, async ({ worker, connect }) => {
      const remote = await connect();
      const print = ["sh", "-c", 'printf "%s\\0" "$@" "$HIDDEN"; echo err >&2', "sh", ...NASTY];
      for (const asRoot of [false, true]) {
        const env = { PLAIN: "a'!\n", HIDDEN: secret("hid!'\nden") };
        const lines: string[] = [];
        const { stdout, stderr } = await remote.exec(print, { asRoot, env, onLine: (line) => lines.push(line) });
        expect([stdout.split("\0").slice(0, -1), stderr]).toEqual([[...NASTY, "hid!'\nden"], "err\n"]);
        expect(lines.join("\n")).not.toContain("Welcome");
      }
      expect((await remote.probe(["sh", "-c", "exit 3"])).code).toBe(3);
      const stream = await remote.stream(["sh", "-c", "cat; echo done >&2"], { asRoot: true });
      stream.io.end("there\0and back");
      const [out, errors] = await Promise.all([stream.io.toArray(), stream.stderr.toArray()]);
      expect([Buffer.concat(out).toString(), Buffer.concat(errors).toString()]).toEqual(["there\0and back", "done\n"]);
      const interrupt = new AbortController();
      const onLine = () => interrupt.abort();
      const running = remote.exec(["sh", "-c", "echo up; sleep 68"], { signal: interrupt.signal, onLine });
      expect((await failure(running)).code).toBe("INTERRUPTED");
      await until("the command to end", () => worker.processesWith("sleep 68").length === 0);
    }),
  );
});

test.skipIf(!isInstalled("tcsh"))("a deploy works with start-up files that print", () =>
  withFleetBucket({ count: 2 }, async ({ fleet, bucket, workers, hosts, lifecycles }) => {
    const [first, second] = workers as [FleetWorker, FleetWorker];
    await changeLogin(fleet, first, { shell: "/bin/bash", home: { ".bashrc": POSIX_NOISE } });
    await changeLogin(fleet, second, { shell: "/usr/bin/tcsh", home: { ".tcshrc": CSH_NOISE } });
    bucket.job(
      "api",
      { version: "1.0.0", selectors: ["worker"] },
      { big: "more than fits one request\n".repeat(100_000) },
    );
    expect(await bucket.maand("deploy", "--build")).toMatchObject({ code: 0 });
    expect(await lifecycles("api")).toEqual(hosts.map(() => ["start 0.0.0 1.0.0"]));
  }),
);

const PASSWORD_RULE = "maandtest ALL=(ALL:ALL) ALL\n";
const TTY_RULE = "Defaults:maandtest requiretty\nmaandtest ALL=(ALL:ALL) NOPASSWD: ALL\n";

const REFUSALS: readonly (readonly [
  what: string,
  Login,
  Omit<FleetOptions, "count">,
  message: RegExp,
  hint: RegExp,
])[] = [
  [
    "nologin",
    { shell: "/usr/sbin/nologin" },
    {},
    /"maandtest" .* runs no commands: .*not available/,
    /chsh -s \/bin\/sh/,
  ],
  ["false", { shell: "/bin/false" }, {}, /runs no commands: it exited with code 1/, /chsh/],
  [
    "only sftp",
    {},
    { sshdConfig: ["Subsystem sftp internal-sftp", "ForceCommand internal-sftp"] },
    /"maandtest" may use only sftp/,
    /remove ForceCommand internal-sftp/,
  ],
  ["another command", {}, { sshdConfig: ["ForceCommand echo go away"] }, /printed "go away"/, /remove ForceCommand/],
  ["sudo with a password", { sudoers: PASSWORD_RULE }, {}, /sudo on .* asks "maandtest" for a password/, /NOPASSWD/],
  ["sudo with a terminal", { sudoers: TTY_RULE }, {}, /requires a terminal for "maandtest"/, /!requiretty/],
  ["no sudo rule", { sudoers: "# none\n" }, {}, /sudo/, /sudoers\.d\/maand/],
];

describe("a login that cannot run commands", () => {
  test.each(REFUSALS)("is reported with a hint that fixes it: %s", (_, login, options, message, hint) =>
    withLogin(
      login,
      async ({ connect }) => {
        const remote = await connect();
        for (const run of [
          () => remote.exec(["sh", "-c", "for tool; do :; done", "sh", "a"], { asRoot: true }),
          () => remote.stream(["cat"], { asRoot: true }),
        ]) {
          const error = await failure(run());
          expect(error).toMatchObject({ code: "AUTH_FAILED", message: expect.stringMatching(message) });
          expect(error.hint).toMatch(hint);
          expect(error.message).not.toContain("for tool");
        }
      },
      options,
    ),
  );

  test("is reported if sudo is missing", () =>
    withLogin({}, async ({ worker, connect }) => {
      await worker.run(["mount", "--bind", "/dev/null", "/usr/bin/sudo"]);
      const error = await failure((await connect()).exec(["true"], { asRoot: true }));
      expect(error).toMatchObject({ code: "WORKER_LACKS", message: `${worker.host} lacks sudo` });
    }));

  test("is reported by a deploy in one sentence for each worker", () =>
    withFleetBucket({ count: 1 }, async ({ fleet, bucket, workers, hosts }) => {
      await changeLogin(fleet, workers[0] as FleetWorker, { sudoers: PASSWORD_RULE });
      bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
      const { code, stderr } = await bucket.maand("deploy", "--build");
      expect(code).toBe(1);
      expect(stderr).toContain(`sudo on ${hosts[0]} asks "maandtest" for a password`);
      expect(stderr).toContain("NOPASSWD");
      expect(stderr).not.toMatch(/sh -c/);
    }));
});

test("start-up files that never end are reported as the cause of the timeout", () =>
  withLogin({ shell: "/bin/bash", home: { ".bashrc": "sleep 69\n" } }, async ({ worker, connect }) => {
    const error = await failure((await connect()).exec(["true"], { title: "the check", timeoutMs: 500, graceMs: 500 }));
    expect(error).toMatchObject({ code: "TIMED_OUT", message: expect.stringContaining("the login before the check") });
    await worker.run(["pkill", "-f", "sleep 69"]);
  }));

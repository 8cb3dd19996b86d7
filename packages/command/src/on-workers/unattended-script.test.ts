import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reveal } from "@maand/core/internal";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UNATTENDED_ENVIRONMENT, unattendedScript } from "./unattended-script.ts";

/** Python: takes a lock as dpkg does, and holds it until the end of its input. */
const HOLDS_A_LOCK =
  "import fcntl,sys\nf=open(sys.argv[1],'w')\nfcntl.lockf(f,fcntl.LOCK_EX)\nprint('held',flush=True)\nsys.stdin.read()";
/** Python: takes and releases locks of its own files. */
const LOCKS_AND_UNLOCKS =
  "import fcntl,sys\nfs=[open(sys.argv[1]+str(i),'w') for i in range(60)]\nprint('busy',flush=True)\nwhile True:\n  for f in fs: fcntl.lockf(f,fcntl.LOCK_EX)\n  for f in fs: fcntl.lockf(f,fcntl.LOCK_UN)";

let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "maand-script-"));
});

afterEach(() => rmSync(place, { recursive: true, force: true }));

describe("an unattended script", () => {
  const start = (script: string, locks: readonly string[]) => {
    const [program = "", ...args] = unattendedScript(locks).map(reveal);
    const env = { PATH: process.env.PATH ?? "", ...UNATTENDED_ENVIRONMENT, MAAND_SCRIPT: script };
    const child = spawn(program, args, { cwd: place, env, stdio: ["ignore", "pipe", "pipe"] });
    const output = { out: "", err: "" };
    child.stdout.on("data", (chunk) => {
      output.out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output.err += chunk;
    });
    const ended = once(child, "close").then(([code]) => ({ code, ...output }));
    return { ended, output };
  };

  const untilItWaitsOrEnds = async ({ ended, output }: ReturnType<typeof start>) => {
    let hasEnded = false;
    void ended.finally(() => {
      hasEnded = true;
    });
    while (!hasEnded && !output.err.includes("waiting")) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  it("runs in an environment that prevents prompts, without the wrapper's variables and functions", async () => {
    const script = [
      'echo "$DEBIAN_FRONTEND $NEEDRESTART_MODE $#"',
      "env | grep -i maand_ || echo gone",
      "type maand_wait 2>/dev/null || echo none",
      "printf '%s\\n' \"it's\" 'a \"b\"'",
      "exit 7",
    ].join("\n");
    const { ended } = start(script, []);
    expect(await ended).toEqual({
      code: 7,
      out: 'noninteractive l 0\ngone\nnone\nit\'s\na "b"\n',
      err: "",
    });
  });

  it("waits for a lock of apt that is held, and names its holder", async () => {
    const [held, free] = [join(place, "lock-frontend"), join(place, "free")];
    writeFileSync(free, "");
    const holder = spawn("python3", ["-c", HOLDS_A_LOCK, held], { stdio: ["pipe", "pipe", "inherit"] });
    await once(holder.stdout, "data");
    const upgrade = start("echo apt-get upgrade", [free, held]);
    const { ended, output } = upgrade;
    await untilItWaitsOrEnds(upgrade);
    expect(output).toEqual({ out: "", err: `waiting for the lock ${held}, held by python3 (pid ${holder.pid})\n` });
    const other = start("echo no packages here", [held]);
    expect(await other.ended).toMatchObject({ code: 0, out: "no packages here\n", err: "" });
    holder.stdin.end();
    expect(await ended).toMatchObject({ code: 0, out: "apt-get upgrade\n" });
  });

  it("finds a held lock even while other processes take and release locks", async () => {
    const held = join(place, "lock-frontend");
    const others = [1, 2].map((n) =>
      spawn("python3", ["-c", LOCKS_AND_UNLOCKS, join(place, `other-${n}-`)], { stdio: ["pipe", "pipe", "inherit"] }),
    );
    const holder = spawn("python3", ["-c", HOLDS_A_LOCK, held], { stdio: ["pipe", "pipe", "inherit"] });
    try {
      await Promise.all([holder, ...others].map((child) => once(child.stdout, "data")));
      const waits = [1, 2, 3, 4, 5, 6].map(() => start("echo apt-get upgrade", [held]));
      await Promise.all(waits.map(untilItWaitsOrEnds));
      const line = `waiting for the lock ${held}, held by python3 (pid ${holder.pid})\n`;
      expect(waits.map(({ output }) => output)).toEqual(waits.map(() => ({ out: "", err: line })));
      holder.stdin.end();
      for (const { ended } of waits) expect(await ended).toMatchObject({ code: 0, out: "apt-get upgrade\n" });
    } finally {
      for (const child of [holder, ...others]) child.kill("SIGKILL");
    }
  });
});

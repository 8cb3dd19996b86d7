import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MAAND } from "../../support/bucket/maand.ts";
import { type Scratch, scratch } from "../../support/bucket/scratch.ts";

let bucket: Scratch;

beforeAll(async () => {
  bucket = await scratch('transport = "local"\n');
  bucket.workers(
    { host: "127.0.0.11", hostname: "one", labels: ["web"] },
    { host: "127.0.0.12", tags: { zone: "eu" } },
  );
  for (const job of ["api", "apple"]) bucket.job(job, { selectors: ["worker"] });
  expect(await bucket.maand("build")).toMatchObject({ code: 0 });
  mkdirSync(join(bucket.root, "bin"));
  writeFileSync(join(bucket.root, "bin/maand"), `#!/bin/sh\nexec '${process.execPath}' '${MAAND}' "$@"\n`);
  chmodSync(join(bucket.root, "bin/maand"), 0o755);
});

afterAll(() => bucket.dispose());

/** Runs a shell script that completes a command line, and returns the completions. */
function offered(shell: readonly string[], script: string, line: string): string[] {
  const env = { PATH: `${join(bucket.root, "bin")}:${process.env.PATH}`, HOME: bucket.root };
  const [program = "", ...flags] = shell;
  const ended = spawnSync(program, [...flags, "-c", script, ...(program === "fish" ? [line] : ["_", line])], {
    cwd: bucket.root,
    env,
    encoding: "utf8",
  });
  expect(ended.stderr).toBe("");
  return ended.stdout.split("\n").filter((text) => text !== "");
}

/** Calls the completion like bash on a terminal, which splits words at colons. */
const BASH = `source <(maand completion bash)
COMP_LINE=$1 COMP_POINT=\${#1} COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
_maand
printf '%s\\n' "\${COMPREPLY[@]}"`;

/** Calls the completion functions like zsh on a terminal. */
const ZSH = `autoload -Uz compinit && compinit -u -d "$HOME/.zcompdump"
source <(maand completion zsh)
COMP_LINE=$1 COMP_POINT=\${#1}
emulate sh -c _maand
printf '%s\\n' "\${COMPREPLY[@]}"`;

const FISH = "maand completion fish | source; complete -C $argv[1] | string replace -r '\\t.*' ''";

const has = (program: string) => spawnSync(program, ["--version"]).status === 0;

/** Lines with their expected completions. */
const LINES: readonly (readonly [string, readonly string[]])[] = [
  ["maand jo", ["job", "jobcommand"]],
  ["maand cat w", ["workers"]],
  ["maand job st", ["start", "status", "stop"]],
  ["maand job start a", ["api", "apple"]],
  ["maand job restart api --al", ["--allocations"]],
  ["maand job restart --allocations 127.0.0.1", ["127.0.0.11", "127.0.0.12"]],
  ["maand health_check --jobs api,app", ["api,apple"]],
  ["maand run_command uptime --workers one,z", ["one,zone:eu"]],
  ["maand run_command uptime --labels we", ["web"]],
  ["maand schema m", ["manifest"]],
  ["maand job run api --target re", ["reload", "restart"]],
  ["maand deploy --dry", ["--dry-run"]],
];

describe.skipIf(!has("bash"))("bash completes", () => {
  it.each(LINES)("%s", (line, wanted) => expect(offered(["bash", "--norc"], BASH, line).sort()).toEqual(wanted));

  it("a word with a colon, which bash splits", () => {
    expect(offered(["bash", "--norc"], BASH, "maand run_command -w label:w")).toEqual(["web", "worker"]);
  });

  it("only commands and flags outside of a bucket", () => {
    expect(offered(["bash", "--norc"], `cd /; ${BASH}`, "maand job start a")).toEqual([]);
    expect(offered(["bash", "--norc"], `cd /; ${BASH}`, "maand job cr")).toEqual(["create"]);
  });
});

describe.skipIf(!has("zsh"))("zsh completes", () => {
  it.each(LINES)("%s", (line, wanted) => expect(offered(["zsh", "-f"], ZSH, line).sort()).toEqual(wanted));
});

describe.skipIf(!has("fish"))("fish completes", () => {
  it.each(LINES)("%s", (line, wanted) => expect(offered(["fish", "--no-config"], FISH, line).sort()).toEqual(wanted));
});

const POWERSHELL = `maand completion powershell | Out-String | Invoke-Expression
$line = $env:LINE
[System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches.CompletionText`;

describe.skipIf(!has("pwsh"))("PowerShell completes", () => {
  it.each(LINES)("%s", (line, wanted) => {
    const env = { ...process.env, PATH: `${join(bucket.root, "bin")}:${process.env.PATH}`, LINE: line };
    const { stdout } = spawnSync("pwsh", ["-NoProfile", "-Command", POWERSHELL], {
      ...{ cwd: bucket.root, env, encoding: "utf8" },
    });
    expect(
      stdout
        .split("\n")
        .filter((text) => text !== "")
        .sort(),
    ).toEqual(wanted);
  });
});

it("an unknown shell is refused", async () => {
  expect(await bucket.maand("completion", "tcsh")).toMatchObject({ code: 2, stdout: "" });
});

import { Cli } from "clipanion";
import { expect, it } from "vitest";
import { commandsFor } from "../commands/index.ts";
import { completedLines } from "./lines.ts";
import { powershellScript } from "./powershell.ts";

const LINES = [
  {
    path: "job run",
    description: "it's",
    flags: [
      { names: ["-c", "--concurrency"], description: "", value: "text" as const },
      { names: ["--target"], description: "", value: ["start", "stop"] },
      { names: ["--force"], description: "" },
    ],
    args: ["jobs" as const],
  },
];

it("the PowerShell script has a row for each command and group, and keeps flags that differ only in case", () => {
  const script = powershellScript(LINES);
  const globals = "'--json', '--no-color', '--wide', '-q', '--quiet', '-C', '--config', '--progress'";
  const takes = "'-C=directory', '--config=file', '--progress=auto|live|lines|json'";
  expect(script).toContain(`  '' = @{ Subs = @('job'); Flags = @(${globals}); Takes = @(${takes}); Args = @() }\n`);
  expect(script).toContain(
    `  'job run' = @{ Subs = @(); Flags = @('-c', '--concurrency', '--target', '--force', ${globals}); Takes = @('-c=text', '--concurrency=text', '--target=start|stop', ${takes}); Args = @('jobs') }\n`,
  );
});

it("the PowerShell script of all commands has balanced quotes and braces, and unique keys", async () => {
  const cli = Cli.from([...(await commandsFor([]))], { binaryName: "maand" });
  const script = powershellScript(completedLines(cli.definitions()));
  const keys = [...script.matchAll(/^ {2}('[^']*') = @/gm)].map(([, key = ""]) => key.toLowerCase());
  expect(keys.length).toBeGreaterThan(40);
  expect(new Set(keys).size).toBe(keys.length);
  const bare = script
    .replace(/^#.*$/gm, "")
    .replace(/'[^'\n]*'/g, "")
    .replace(/"[^"\n]*"/g, "");
  expect(bare).not.toMatch(/['"]/);
  for (const [open, close] of ["{}", "()", "[]"].map((pair) => [...pair]))
    expect(bare.split(open ?? "").length, open).toBe(bare.split(close ?? "").length);
});

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { blocksOf, page, ROOT } from "../../docs/pages.ts";

const place = mkdtempSync(join(tmpdir(), "maand-newcomer-"));
const env = { ...process.env, PATH: `${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`, NO_COLOR: "1" };
/** Where the page is after its `cd`. */
let at = place;

afterAll(() => rmSync(place, { recursive: true, force: true }));

it("every line and every file of docs/plugins/first-plugin.md works, in order, in an empty directory", {
  timeout: 120_000,
}, () => {
  const lines: string[] = [];
  for (const { info, code } of blocksOf(page("docs/plugins/first-plugin.md"))) {
    const [language, file] = info.split(" ");
    if (language === "ts" && file !== undefined) save(file, code);
    else if (language === "sh") for (const line of code.trim().split("\n")) lines.push(typed(line));
  }
  const all = lines.join("\n");
  expect(all).toMatch(/Tests +1 passed/);
  expect(all).toMatch(/│ count-starts +│ - +│ maand\.config\.ts +│ rollout/);
  expect(all.match(/restart number \d/g)).toEqual(["restart number 1", "restart number 2"]);
  expect(all).toContain("wrote maand-plugin-count-starts/package.json");
});

function save(file: string, code: string): void {
  mkdirSync(dirname(join(at, file)), { recursive: true });
  writeFileSync(join(at, file), code);
}

/** Types one line as it is written; only what npm would fetch from elsewhere is linked instead. */
function typed(line: string): string {
  if (line.startsWith("npm install ")) {
    symlinkSync(join(ROOT, "node_modules"), join(at, "node_modules"));
    return "";
  }
  const { status, stdout, stderr } = spawnSync("bash", ["-c", `${line} && pwd >&3`], {
    cwd: at,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  if (status !== 0) throw new Error(`${line}\n${stdout}${stderr}`);
  if (line.includes("cd ")) at = join(at, line.split("cd ").at(-1) ?? "");
  return `${stdout}${stderr}`;
}

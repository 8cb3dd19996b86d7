import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initialised, typedIn } from "../../packages/cli/src/run/typed.test.support.ts";

const REALISTIC = fileURLToPath(new URL("../support/realistic/workspace", import.meta.url));
let root: string;

beforeAll(async () => {
  root = await initialised();
  cpSync(REALISTIC, join(root, "workspace"), { recursive: true });
  expect(await typedIn(root)("build")).toMatchObject({ code: 0 });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

async function linesOf(words: string, columns?: number): Promise<string[]> {
  const { code, out } = await typedIn(root, undefined, columns)(...words.split(" "));
  expect(code).toBe(0);
  return out.trimEnd().split("\n");
}

describe("the table fits a terminal of 100 columns:", () => {
  it.each([
    "info",
    "cat workers",
    "cat jobs",
    "cat allocations",
    "cat deployments",
    "cat job_commands",
    "cat job_ports",
    "cat certs",
    "cat kv",
  ])("%s", async (words) => {
    const [whole, fitted] = [await linesOf(words), await linesOf(words, 100)];
    expect(fitted.length).toBeLessThanOrEqual(whole.length); // equal rows are folded
    expect(Math.max(...fitted.map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});

it("a table never truncates names or keys, and has all columns when it is printed to a pipe", async () => {
  const fitted = (await linesOf("cat kv", 100)).join("\n");
  const whole = await linesOf("cat kv");
  expect(whole.length).toBeGreaterThan(10);
  for (const line of whole.slice(3, -1)) {
    const [, namespace = "", key = ""] = line.split("│").map((cell) => cell.trim());
    expect([namespace, key]).not.toContain("");
    expect(fitted).toContain(namespace);
    expect(fitted).toContain(key);
  }
  expect(whole[1]).toMatch(/NAMESPACE.*KEY.*VALUE.*VERSION.*CREATED.*DELETED/);
  expect((await linesOf("cat deployments"))[1]).toMatch(/REM.*ALLOC_ID/);
  expect((await linesOf("cat certs"))[1]).toContain("SCOPE");
});

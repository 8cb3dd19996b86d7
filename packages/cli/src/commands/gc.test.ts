import { rmSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { initialised, typedIn } from "../run/typed.test.support.ts";

let root = "";

beforeAll(async () => {
  root = await initialised();
});

afterAll(() => rmSync(root, { recursive: true }));

it.each(["-1", "1e400", "NaN", "Infinity", "", "36501", "7d"])("maand gc refuses --retain-days %j", async (days) => {
  const { code, err } = await typedIn(root, () => new Date())("gc", `--retain-days=${days}`);
  expect(code).toBe(2);
  expect(err).toContain(`--retain-days must be a number of days from 0 to 36500, but is ${JSON.stringify(days)}`);
});

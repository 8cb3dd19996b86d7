import { aBucket } from "@maand/core/testing";
import { expect, it, onTestFinished } from "vitest";
import { operations } from "../plugin.ts";
import { logsCommand } from "./claim.ts";

it("logs runs the command of the manifest, or otherwise the target logs of the Makefile", () => {
  expect(logsCommand({ manifest: { logs: ["tail", "-F", "x"] } })).toEqual(["tail", "-F", "x"]);
  expect(logsCommand({ manifest: {} })).toEqual(["make", "--no-print-directory", "--eval=.PHONY: logs", "logs"]);
});

it.each([[["tail", "-F", "logs/api.log"]]])("a build accepts %j for logs", async (logs) => {
  expect(await built(logs)).toEqual([]);
});

it.each([["tail -F x"], [[]], [["tail", ""]], [["tail", 1]], [{}]])("a build refuses %j for logs", async (logs) => {
  expect(await built(logs)).toEqual([expect.stringContaining("must be a command")]);
});

async function built(logs: unknown): Promise<string[]> {
  const bucket = aBucket({ plugins: [operations()] });
  onTestFinished(() => bucket.dispose());
  bucket.workers("10.0.0.1");
  bucket.job("api", { version: "1.0.0", selectors: ["worker"], logs });
  return bucket.build().then(
    () => [],
    (cause: { problems: readonly { message: string }[] }) => cause.problems.map(({ message }) => message),
  );
}

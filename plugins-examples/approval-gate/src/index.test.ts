import { PassThrough } from "node:stream";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { approvalGateAt } from "./index.ts";

let bucket: TestBucket;
afterEach(() => bucket.dispose());

/** A bucket with two workers, one of them in production, and a terminal with these answers. Each wave is one job. */
function tty(answers: readonly string[], environment: NodeJS.ProcessEnv = {}, labels?: string[]) {
  const questions: string[] = [];
  const output = new PassThrough();
  const input = Object.assign(new PassThrough(), { isTTY: answers.length > 0 });
  const left = [...answers];
  output.on("data", (chunk: Buffer) => {
    questions.push(chunk.toString());
    if (chunk.toString().endsWith("(yes/no) ")) input.write(`${left.shift()}\n`);
  });
  bucket = aBucket({ plugins: [approvalGateAt({ environment, input, output })(labels ? { labels } : {})] });
  bucket.workers({ host: "10.0.0.1", labels: ["production"] }, { host: "10.0.0.2", labels: ["test"] });
  return questions;
}

const running = () => Object.keys(bucket.fleet.running()).sort();

describe("approval-gate", () => {
  it("asks before a wave in production, and prints the changes", async () => {
    const questions = tty(["yes"]);
    bucket.job("api", { version: "1.2.0", selectors: ["production"] });
    expect((await bucket.ship()).outcome).toBe("ok");
    expect(questions).toEqual(["\nabout to:\n  start api 0.0.0 -> 1.2.0 on 10.0.0.1\ncontinue? (yes/no) "]);
  });

  it("changes nothing if the answer is no, and the next deploy resumes", async () => {
    tty(["no", "y"]);
    bucket.job("api", { selectors: ["production"] });
    const { outcome, failures } = await bucket.ship();
    expect([outcome, failures[0]?.code, running()]).toEqual(["failed", "NOT_PERMITTED", []]);
    expect((await bucket.deploy()).outcome).toBe("ok");
  });

  it("does not ask about workers outside of production, or if nothing changes", async () => {
    const questions = tty(["yes"]);
    bucket.job("api", { selectors: ["test"] });
    await bucket.ship();
    await bucket.deploy({ force: false });
    expect(questions).toEqual([]);
  });

  it("asks before every wave if no label is configured", async () => {
    const questions = tty(["yes"], {}, []);
    bucket.job("api", { selectors: ["test"] });
    await bucket.ship();
    expect(questions).toHaveLength(1);
  });

  it("asks only once before several removals", async () => {
    const questions = tty(["yes", "no", "yes"]);
    bucket.job("api", { selectors: ["production"] });
    bucket.job("web", { selectors: ["production"] });
    await bucket.ship();
    bucket.removeJob("api");
    bucket.removeJob("web");
    expect((await bucket.ship()).outcome).toBe("failed");
    expect(running()).toEqual(["api@10.0.0.1", "web@10.0.0.1"]);
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(running()).toEqual([]);
    expect(questions).toHaveLength(3);
    expect(questions[2]).toBe(
      "\nabout to:\n  remove api 0.0.0 on 10.0.0.1\n  remove web 0.0.0 on 10.0.0.1\ncontinue? (yes/no) ",
    );
  });

  it("refuses a deploy without a terminal, and explains how to approve it in advance", async () => {
    tty([]);
    bucket.job("api", { selectors: ["production"] });
    const { failures } = await bucket.ship();
    expect(failures).toMatchObject([
      { code: "NOT_PERMITTED", hint: "to approve in advance, run: MAAND_APPROVE=yes maand deploy" },
    ]);
  });

  it("accepts an approval from the environment, and no other value", async () => {
    tty([], { MAAND_APPROVE: "yes" });
    bucket.job("api", { selectors: ["production"] });
    expect((await bucket.ship()).outcome).toBe("ok");
    bucket.dispose();
    tty(["yes"], { MAAND_APPROVE: "no" });
    bucket.job("api", { selectors: ["production"] });
    expect((await bucket.ship()).outcome).toBe("failed");
  });
});

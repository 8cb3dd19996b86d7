import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { notify } from "./notify.ts";

let bucket: TestBucket;
beforeEach(() => {
  bucket = aBucket({ plugins: [notify()] });
  bucket.workers("10.0.0.1");
  bucket.job("api", { selectors: ["worker"] });
});
afterEach(() => bucket.dispose());

const refusal = async (entry: string) => {
  writeFileSync(join(bucket.root, "maand.conf"), `transport = "fake"\n[[notify]]\n${entry}\n`);
  return bucket.ship().then(
    () => "accepted",
    (cause: { problems?: readonly { where: string; message: string }[] }) =>
      (cause.problems ?? []).map(({ where, message }) => `${where} ${message}`).join("; "),
  );
};

describe("an entry of notify", () => {
  it.each([
    ['to = "pager"', /notify/],
    ['to = "webhook"', /exactly one of url, url_env and url_file/],
    ['to = "slack"\nurl = "https://a"\nurl_env = "B"', /exactly one of/],
    ['to = "webhook"\nurl = "ftp://a"', /must begin with https/],
    ['to = "webhook"\nurl_file = "../worker.key"', /under secrets/],
    ['to = "email"\nrecipients = []', /at least one address/],
    ['to = "email"\nrecipients = ["a@b.example\\nBcc: c@d.example"]', /not an e-mail address/],
    ['to = "command"\ncommand = []', /must name a program/],
    ['to = "webhook"\nurl = "https://a"\non = ["sometimes"]', /failure, revert, pause, success, finish/],
    ['to = "webhook"\nurl = "https://a"\ntimeout = 3', /timeout/],
  ])("is refused before any change: %s", async (entry, expected) => {
    expect(await refusal(entry)).toMatch(expected);
  });

  it("is accepted if it is valid", async () => {
    expect(await refusal('to = "slack"\nurl_env = "SLACK_URL"\non = ["pause"]')).toBe("accepted");
  });
});

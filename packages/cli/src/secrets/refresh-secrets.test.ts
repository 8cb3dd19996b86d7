import type { Plugin } from "@maand/core";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { refreshSecrets } from "./refresh-secrets.ts";
import { setSecrets } from "./write-secrets.ts";

const REF = "secret://op/prod/api/password";

let bucket: TestBucket;
let values: Record<string, string>;
let asked: string[][];

beforeEach(() => {
  asked = [];
  values = { [REF]: "sentinel-one", "secret://op/prod/all/token": "sentinel-two" };
  const provider: Plugin = {
    name: "provider",
    apply: ({ resolveSecrets }) =>
      resolveSecrets.tapPromise("provider", async ({ references }) => {
        asked.push(references.map(({ text }) => text));
        return new Map(references.map(({ text }) => [text, values[text] ?? ""]));
      }),
  };
  bucket = aBucket({ plugins: [provider] });
  bucket.workers("10.0.0.1");
  for (const job of ["api", "web"])
    bucket.job(job, { selectors: ["worker"] }, { "vars.toml": `password = "${REF}"\n` });
  bucket.write("bucket.conf", 'token = "secret://op/prod/all/token"\n');
});

afterEach(() => bucket.dispose());

describe("maand secret", () => {
  it("refresh reads the secrets that the last build referred to, and stores the changed ones", async () => {
    await bucket.build();
    values[REF] = "rotated";
    const opened = await bucket.open();
    const { changes } = await refreshSecrets(opened, { keys: [], job: undefined });
    expect(changes).toEqual([
      { owner: undefined, key: "token", change: "unchanged" },
      { owner: "api", key: "password", change: "changed" },
      { owner: "web", key: "password", change: "changed" },
    ]);
    expect(asked[1]?.sort()).toEqual([...Object.keys(values)].sort());
    await refreshSecrets(opened, { keys: ["token"], job: undefined });
    expect(asked[2]).toEqual(["secret://op/prod/all/token"]);
    await expect(refreshSecrets(opened, { keys: ["passwort"], job: "api" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      hint: 'did you mean "password"?',
    });
    await opened.close();
    await bucket.build();
    expect(asked).toHaveLength(3);
  });

  it("set refuses a secret that comes from a provider", async () => {
    await bucket.build();
    const opened = await bucket.open();
    const values = new Map([["password", "mine"]]);
    await expect(setSecrets(opened, { command: "secret set", owner: "api", values })).rejects.toMatchObject({
      code: "USAGE",
      message: `password of job api is read from ${REF}`,
    });
    await opened.close();
  });
});

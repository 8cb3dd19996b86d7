import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MaandError } from "../../errors.ts";
import type { Plugin } from "../../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../../testing/a-bucket.ts";
import { workspaceProblems } from "../build.ts";

const A = "10.0.0.1";
const REF = "secret://op/prod/api/password";

let bucket: TestBucket;
let now: number;
let values: Record<string, string>;
let asked: string[][];

beforeEach(() => {
  now = 1_790_000_000_000;
  asked = [];
  values = { [REF]: "sentinel-one", "secret://op/prod/all/token": "sentinel-two" };
  const provider: Plugin = {
    name: "provider",
    apply: ({ resolveSecrets }) =>
      resolveSecrets.tapPromise("provider", async ({ provider: name, references }) => {
        if (name !== "op") return undefined;
        asked.push(references.map(({ text }) => text));
        return new Map(references.map(({ text }) => [text, values[text] ?? fails(text)]));
      }),
  };
  bucket = aBucket({ plugins: [provider], now: () => new Date(now) });
  bucket.workers(A);
  bucket.job("api", { selectors: ["worker"] }, { "vars.toml": `password = "${REF}"\nport = "5432"\n` });
  bucket.job("web", { selectors: ["worker"] }, { "vars.toml": `password = "${REF}"\n` });
  bucket.write("bucket.conf", 'token = "secret://op/prod/all/token"\nplain = "x"\n');
});

afterEach(() => bucket.dispose());

function fails(text: string): never {
  throw new MaandError({ code: "SECRET_NOT_READ", message: `${text}: locked` });
}

async function stored(): Promise<Record<string, string | undefined>> {
  const { kv, close } = await bucket.open();
  const find = (namespace: string, key: string) => kv.find(namespace, key);
  const found = {
    api: find("secrets/job/api", "password"),
    web: find("secrets/job/web", "password"),
    token: find("secrets/bucket", "token"),
    plainApi: find("vars/job/api", "password"),
    port: find("vars/job/api", "port"),
    plain: find("vars/bucket", "plain"),
    plainToken: find("vars/bucket", "token"),
  };
  await close();
  return found;
}

const ALL = {
  api: "sentinel-one",
  web: "sentinel-one",
  token: "sentinel-two",
  plainApi: undefined,
  port: "5432",
  plain: "x",
  plainToken: undefined,
};

describe("a build of a workspace with secret references", () => {
  it("reads each reference once and stores its secret for later builds and deploys", async () => {
    await bucket.build();
    expect(asked.map((some) => some.sort())).toEqual([[...Object.keys(values)].sort()]);
    expect(await stored()).toEqual(ALL);
    values = {};
    await bucket.build();
    await bucket.plan();
    expect((await bucket.deploy()).outcome).toBe("ok");
    expect(asked).toHaveLength(1);
  });

  it("reads only secrets that are new or have a changed reference", async () => {
    await bucket.build();
    values["secret://op/prod/api/other"] = "other";
    bucket.job("web", { selectors: ["worker"] }, { "vars.toml": 'password = "secret://op/prod/api/other"\n' });
    await bucket.build();
    expect(asked[1]).toEqual(["secret://op/prod/api/other"]);
    expect(await stored()).toEqual({ ...ALL, web: "other" });
  });

  it("reads each secret again after secrets_max_age", async () => {
    writeFileSync(join(bucket.root, "maand.conf"), 'transport = "fake"\nsecrets_max_age = 2\n');
    await bucket.build();
    now += 7_000_000;
    await bucket.build();
    expect(asked).toHaveLength(1);
    now += 300_000;
    values[REF] = "rotated";
    await bucket.build();
    expect(asked).toHaveLength(2);
    expect(await stored()).toEqual({ ...ALL, api: "rotated", web: "rotated" });
  });

  it("reads a secret again after a hook has overwritten it", async () => {
    await bucket.build();
    const { kv, close } = await bucket.open();
    kv.put("secrets/job/api", "password", "of a hook");
    await close();
    await bucket.build();
    expect(asked[1]).toEqual([REF]);
    expect(await stored()).toEqual(ALL);
  });

  it("deletes the plain value that a reference replaces, and the secret of a removed reference", async () => {
    bucket.job("api", { selectors: ["worker"] }, { "vars.toml": 'password = "plain"\nport = "5432"\n' });
    await bucket.build();
    expect(await stored()).toMatchObject({ api: undefined, plainApi: "plain" });
    bucket.job("api", { selectors: ["worker"] }, { "vars.toml": `password = "${REF}"\nport = "5432"\n` });
    await bucket.build();
    expect(await stored()).toEqual(ALL);
    bucket.job("api", { selectors: ["worker"] }, { "vars.toml": 'port = "5432"\n' });
    bucket.removeJob("web");
    await bucket.build();
    expect(await stored()).toEqual({ ...ALL, api: undefined });
    const opened = await bucket.open();
    expect(opened.store.secretSources.all().map(({ key }) => key)).toEqual(["token", "password"]);
    await opened.close();
  });

  it("changes nothing if a secret cannot be read, and reads no secret if the workspace is invalid", async () => {
    delete values[REF];
    await expect(bucket.build()).rejects.toThrow(`${REF}: locked`);
    expect(await stored()).toMatchObject({ token: undefined, plain: undefined });
    asked = [];
    bucket.write("disabled.json", "{ nothing");
    await expect(bucket.build()).rejects.toMatchObject({ code: "PROBLEMS" });
    expect(asked).toEqual([]);
  });

  it.each([
    ["secret://keepass/a", 'no plugin reads secrets of the provider "keepass"'],
    ["secret://op/prod/empty/x", "its value is empty"],
    ["secret://op/prod/nul/x", "its value contains a NUL character"],
  ])("refuses %s", async (text, message) => {
    Object.assign(values, { "secret://op/prod/empty/x": "", "secret://op/prod/nul/x": "a\0b" });
    bucket.write("bucket.conf", `token = "${text}"\n`);
    await expect(bucket.build()).rejects.toMatchObject({
      code: "SECRET_NOT_READ",
      message: expect.stringContaining(message),
    });
  });

  it("reports an invalid reference with its file", async () => {
    bucket.write("bucket.conf", 'token = "secret://op"\n');
    await expect(bucket.build()).rejects.toMatchObject({
      problems: [expect.objectContaining({ code: "invalid_reference", where: "workspace/bucket.conf: token" })],
    });
  });

  it("writes no secret in clear text to a file of the bucket or to an event", async () => {
    const { outcome } = await bucket.ship();
    expect(outcome).toBe("ok");
    const files = readdirSync(bucket.root, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const texts = files.map((file) => readFileSync(join(file.parentPath, file.name), "latin1"));
    expect(texts.join("\n") + JSON.stringify(bucket.events)).not.toContain("sentinel");
  });
});

it("doctor calls no provider, and warns about secrets that were never read", async () => {
  const opened = await bucket.open();
  const problems = await workspaceProblems(opened);
  expect(problems.filter(({ code }) => code === "secret_not_read").map(({ where }) => where)).toEqual([
    "workspace/jobs/api/vars.toml: password",
    "workspace/jobs/web/vars.toml: password",
    "workspace/bucket.conf: token",
  ]);
  await opened.close();
  expect(asked).toEqual([]);
});

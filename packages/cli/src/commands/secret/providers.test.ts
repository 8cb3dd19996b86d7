import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { secrets } from "@maand/plugin-secrets";
import { templates } from "@maand/plugin-templates";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { copyAuthority, typedIn } from "../../run/typed.test.support.ts";

const A = "10.0.0.1";

let bucket: TestBucket;
let provider: string;

/** A user's program that prints the content of a file; `cat` reads its input. */
function keeps(values: Readonly<Record<string, string>>): void {
  const named = Object.entries(values).map(([path, value]) => [`secret://exec/mine/${path}`, value]);
  writeFileSync(`${provider}.json`, JSON.stringify({ version: 1, secrets: Object.fromEntries(named) }));
  writeFileSync(provider, `#!/bin/sh\ncat >/dev/null\ncat "$0.json"\n`);
  chmodSync(provider, 0o755);
}

beforeEach(async () => {
  bucket = aBucket({ plugins: [templates(), secrets()] });
  await copyAuthority(bucket.root);
  provider = join(bucket.root, "provider");
  writeFileSync(
    join(bucket.root, "maand.conf"),
    `transport = "fake"\n[secret_programs]\nmine = [${JSON.stringify(provider)}]\n`,
  );
  bucket.workers(A);
  bucket.job(
    "api",
    { version: "1.0.0", selectors: ["worker"] },
    {
      "vars.toml": 'db_password = "secret://exec/mine/db"\n',
      "app.conf.tpl": 'p = {{getSecret "db_password"}}\nt = {{getSecret "token"}}',
    },
  );
  bucket.write("bucket.conf", 'token = "secret://exec/mine/token"\n');
});

afterEach(() => bucket.dispose());

it("a rotated secret reaches the worker after a refresh; a deploy does not run the provider", async () => {
  const maand = typedIn(bucket.root);
  keeps({ db: "first-sentinel", token: "token-sentinel" });
  const built = await maand("build");
  expect(built.code).toBe(0);
  keeps({});
  await bucket.deploy();
  expect(bucket.fleet.at("api", A)?.files["app.conf"]).toBe("p = first-sentinel\nt = token-sentinel");
  keeps({ db: "second-sentinel", token: "token-sentinel" });
  const refreshed = await maand("secret", "refresh");
  expect(refreshed).toMatchObject({
    code: 0,
    out: [
      "unchanged in the bucket: token",
      "changed in job api: db_password",
      "read by: api (app.conf.tpl)",
      `the next deploy: restart api on ${A}`,
      "next: maand deploy",
      "",
    ].join("\n"),
  });
  writeFileSync(provider, "#!/bin/sh\nexit 1\n");
  const outputs = [
    built,
    refreshed,
    await maand("deploy", "--dry-run", "--diff"),
    await maand("plan"),
    await maand("secret", "list"),
    await maand("cat", "kv"),
    await maand("info"),
  ];
  expect((await bucket.deploy()).outcome).toBe("ok");
  expect(bucket.fleet.at("api", A)?.files["app.conf"]).toContain("second-sentinel");
  outputs.push(await maand("why", "api"), await maand("logs", "show"));
  expect(outputs.map(({ code, err }) => [code, err]).filter(([code]) => code !== 0)).toEqual([]);
  expect(outputs[4]?.out).toContain("secret://exec/mine/db");
  writeFileSync(`${provider}.json`, "");
  const files = readdirSync(bucket.root, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const texts = files.map((file) => readFileSync(join(file.parentPath, file.name), "latin1"));
  const all = [...texts, JSON.stringify([outputs, bucket.events])].join("\n");
  expect(all).not.toMatch(/first-sentinel|second-sentinel|token-sentinel/);
});

it("a provider that fails changes no secret, and no message contains its output", async () => {
  const maand = typedIn(bucket.root);
  keeps({ db: "first-sentinel", token: "token-sentinel" });
  await maand("build");
  writeFileSync(
    provider,
    `#!/bin/sh\ncat >/dev/null\ncat "$0.json"\necho "cannot unlock first-sentinel" >&2\nexit 4\n`,
  );
  const failed = await maand("secret", "refresh", "--json");
  expect(failed.code).toBe(1);
  expect(JSON.parse(failed.out).error).toMatchObject({
    code: "SECRET_NOT_READ",
    problems: [
      {
        where: "secret://exec/mine/token",
        message: expect.stringMatching(/ exited with code 4: cannot unlock/),
      },
      { where: "secret://exec/mine/db" },
    ],
  });
  expect(failed.out + failed.err).not.toContain("sentinel");
  expect((await maand("secret", "get", "db_password", "--job", "api", "--reveal")).out).toBe("first-sentinel");
  const set = await maand("secret", "rm", "db_password", "--job", "api");
  expect(set.err).toContain("db_password of job api is read from secret://exec/mine/db");
});

it("a secret from a provider reaches the file on the worker unchanged, regardless of its content", async () => {
  const text = fc.string({ unit: "grapheme", minLength: 1 }).filter((any) => !any.includes("\0"));
  await fc.assert(
    fc.asyncProperty(text, text, async (db, token) => {
      keeps({ db, token });
      const opened = await bucket.open();
      const { refreshSecrets } = await import("../../secrets/refresh-secrets.ts");
      await refreshSecrets(opened, { keys: [], job: undefined });
      await opened.close();
      expect((await bucket.ship()).outcome).toBe("ok");
      expect(bucket.fleet.at("api", A)?.files["app.conf"]).toBe(`p = ${db}\nt = ${token}`);
    }),
    { numRuns: 8, examples: [["quotes ' \" ` $x \\ \n two\r\n lines\n", " ünï "]] },
  );
});

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { templates } from "@maand/plugin-templates";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { run } from "../../run/run.ts";

const [A, B] = ["10.0.0.1", "10.0.0.2"];
const SENTINEL = "sentinel'\"$(x) ünïcode/+";

let bucket: TestBucket;

beforeEach(async () => {
  bucket = aBucket({ plugins: [templates()] });
  bucket.workers(A, B);
  bucket.job(
    "api",
    { version: "1.0.0", selectors: ["worker"] },
    { "app.conf.tpl": 'p = {{getSecret "db_password"}}\nt = {{getSecret "token"}}' },
  );
  bucket.job("web", { version: "1.0.0", selectors: ["worker"] }, { "web.conf.tpl": 't = {{getSecret "token"}}' });
});

afterEach(() => bucket.dispose());

interface Typed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

interface Input {
  /** Standard input, in one piece. */
  readonly input?: string | Buffer;
  /** Typed on a terminal, chunk by chunk. */
  readonly keys?: readonly string[];
  readonly screen?: boolean;
}

async function typed({ input, keys, screen }: Input, ...argv: string[]): Promise<Typed & { readonly raw: boolean[] }> {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const raw: boolean[] = [];
  if (screen) Object.assign(stdout, { isTTY: true, columns: 100 });
  if (keys) {
    Object.assign(stdin, { isTTY: true, setRawMode: (on: boolean) => raw.push(on) });
    stderr.on("data", (chunk: Buffer) => {
      if (String(chunk).includes("it is not shown")) for (const key of keys) stdin.write(key);
    });
  } else stdin.end(input);
  const printed = Promise.all([text(stdout), text(stderr)]);
  const code = await run(["-C", bucket.root, ...argv], {
    stdin,
    stdout,
    stderr,
    env: {},
    cwd: bucket.root,
    signal: new AbortController().signal,
    now: () => new Date(1_790_000_000_000),
    pid: process.pid,
    machine: "here",
  });
  stdout.end();
  stderr.end();
  const [out, err] = await printed;
  return { code, out, err, raw };
}

const maand = (...argv: string[]) => typed({}, ...argv);

async function value(key: string, ...flags: string[]): Promise<string> {
  return (await maand("secret", "get", key, ...flags, "--reveal")).out;
}

describe("maand secret set", () => {
  it("strips a final newline from stdin, keeps a file unchanged, and hides what is typed on a terminal", async () => {
    await typed({ input: " two lines\n\n" }, "secret", "set", "a");
    expect(await value("a")).toBe(" two lines\n");
    writeFileSync(join(bucket.root, "key.pem"), "line\n");
    await maand("secret", "set", "b", "--file", "key.pem");
    expect(await value("b")).toBe("line\n");
    const { code, err, raw } = await typed(
      { keys: ["s3", "x\u007f", "crét", "\r"] },
      "secret",
      "set",
      "c",
      "--job",
      "api",
    );
    expect({ code, raw, err }).toEqual({
      code: 0,
      raw: [true, false],
      err: "value of c of job api (it is not shown): \n",
    });
    expect(await value("c", "--job", "api")).toBe("s3crét");
  });

  it("refuses a value on the command line, and does not repeat it", async () => {
    for (const argv of [["a", SENTINEL], [`a=${SENTINEL}`]]) {
      const { code, out, err } = await maand("secret", "set", ...argv);
      expect(code).toBe(2);
      expect(err).toContain("a value on the command line appears in the shell history");
      expect(out + err).not.toContain("sentinel");
    }
    expect((await maand("secret", "list", "--json")).out.trim()).toBe("[]");
  });

  it.each([
    ["an empty value", { input: "\n" }, [], "the value of a is empty"],
    ["NUL", { input: "a\0b" }, [], "the value of a contains a NUL character"],
    ["bytes that are not UTF-8", { input: Buffer.from([0xff, 0xfe]) }, [], "standard input is not UTF-8 text"],
    ["several pasted lines", { keys: ["one\rtwo\r"] }, [], "has several lines"],
    ["an unknown job", { input: "x" }, ["--job", "apo"], 'there is no job "apo"'],
    ["a job outside of the workspace", { input: "x" }, ["--job", "../jobs/api"], "there is no job"],
    ["a missing file", {}, ["--file", "nope"], "nope cannot be read: it is missing"],
  ])("refuses %s", async (_, input, flags, message) => {
    const { code, err } = await typed(input, "secret", "set", "a", ...flags);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) });
  });

  it("refuses an invalid key, and stores nothing after Ctrl-C", async () => {
    for (const key of ["a b", "../a", "__proto__", "-", "é"]) {
      const { code, err } = await typed({ input: "x" }, "secret", "set", key);
      expect([code, err]).toEqual([2, expect.stringContaining("the key of a secret must be letters")]);
    }
    expect((await typed({ keys: ["abc", "\u0003"] }, "secret", "set", "a")).code).toBe(130);
    expect((await maand("secret", "list", "--json")).out.trim()).toBe("[]");
  });

  it("is refused at once while another command holds the lock", async () => {
    const { lockBucket } = await import("@maand/core/operator");
    const other = await bucket.open();
    const lock = lockBucket(other, "deploy");
    const { code, err } = await typed({ input: "x" }, "secret", "set", "a");
    lock.release();
    await other.close();
    expect([code, err]).toEqual([3, expect.stringContaining("maand deploy")]);
  });

  it("lists the templates that read the secret, and what the next deploy restarts", async () => {
    await typed({ input: "one" }, "secret", "set", "db_password", "--job", "api");
    const before = await typed({ input: "t" }, "secret", "set", "token");
    expect(before.out).toContain("no template of the last build reads this secret");
    expect(before.out).toContain("next: maand build");
    await bucket.ship();
    const { out } = await typed({ input: "two" }, "secret", "set", "db_password", "--job", "api");
    expect(out.split("\n")).toEqual([
      "changed in job api: db_password",
      "read by: api (app.conf.tpl)",
      `the next deploy: restart api on ${A}, ${B}`,
      "next: maand deploy",
      "",
    ]);
    const same = await typed({ input: "two" }, "secret", "set", "db_password", "--job", "api");
    expect(same.out).toBe("unchanged in job api: db_password\n");
    await bucket.deploy();
    const shared = await typed({ input: "u" }, "secret", "set", "token", "--json");
    expect(JSON.parse(shared.out)).toEqual({
      changes: [{ job: null, key: "token", change: "changed" }],
      read_by: [
        { job: "api", files: ["app.conf.tpl"] },
        { job: "web", files: ["web.conf.tpl"] },
      ],
      next: ["api", "web"].flatMap((job) => [A, B].map((host) => ({ job, worker_ip: host, action: "restart" }))),
      unknown: null,
    });
  });

  it("stores a secret that reaches the file on the worker unchanged, regardless of its content", async () => {
    bucket.job("one", { version: "1.0.0", selectors: ["worker"] }, { "a.tpl": '{{getSecret "any"}}' });
    bucket.removeJob("api");
    bucket.removeJob("web");
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !text.includes("\0")),
        async (any) => {
          writeFileSync(join(bucket.root, "any"), any);
          expect((await maand("secret", "set", "any", "--job", "one", "--file", "any")).code).toBe(0);
          expect(await value("any", "--job", "one")).toBe(any);
          expect((await bucket.ship()).outcome).toBe("ok");
          expect(bucket.fleet.at("one", A)?.files.a).toBe(any);
        },
      ),
      { numRuns: 8, examples: [["quotes ' \" ` $x \\ \n two\r\n lines\n"]] },
    );
  });
});

it("a deploy keeps the secret of a job that is not built yet", async () => {
  await typed({ input: "p" }, "secret", "set", "db_password", "--job", "api");
  await typed({ input: "t" }, "secret", "set", "token");
  await bucket.ship();
  bucket.job("later", { version: "1.0.0", selectors: ["worker"] });
  await typed({ input: "x" }, "secret", "set", "a", "--job", "later");
  await bucket.deploy();
  expect(await value("a", "--job", "later")).toBe("x");
  await bucket.ship();
  bucket.removeJob("later");
  await bucket.ship();
  expect((await maand("secret", "list", "--json")).out).not.toContain("later");
});

describe("a secret of the bucket", () => {
  it("is read by every job that has no secret with this key", async () => {
    await typed({ input: "p" }, "secret", "set", "db_password", "--job", "api");
    await typed({ input: "shared" }, "secret", "set", "token");
    await typed({ input: "own" }, "secret", "set", "token", "--job", "web");
    await bucket.ship();
    expect(bucket.fleet.at("api", A)?.files["app.conf"]).toBe("p = p\nt = shared");
    expect(bucket.fleet.at("web", A)?.files["web.conf"]).toBe("t = own");
  });

  it("is named with the command that sets it if it is missing", async () => {
    await bucket.build();
    const { failures } = await bucket.deploy();
    expect(failures.find(({ job }) => job === "web")).toMatchObject({
      hint: expect.stringContaining("maand secret set token --job web"),
    });
  });
});

describe("maand secret import", () => {
  it("stores all entries of a .env file, or none if an entry is invalid", async () => {
    const good = await typed({ input: `DB='${"x y"}'\nTOKEN=${"t0ken"}\n` }, "secret", "import", "-", "--job", "api");
    expect(good.out).toContain("created in job api: DB, TOKEN");
    expect(await value("DB", "--job", "api")).toBe("x y");
    writeFileSync(join(bucket.root, ".env"), "NEW=sentinel\nBAD=sentinel $x\nDB=sentinel\n");
    const bad = await maand("secret", "import", ".env", "--job", "api");
    expect([bad.code, bad.err]).toEqual([2, expect.stringContaining(".env:2: the value of BAD is ambiguous")]);
    expect(bad.out + bad.err).not.toContain("sentinel");
    expect((await maand("secret", "list", "--job", "api", "--json")).out).not.toContain("NEW");
    expect(await value("DB", "--job", "api")).toBe("x y");
  });
});

describe("maand secret rm", () => {
  it("refuses to remove a secret that templates read, unless --force is given", async () => {
    await typed({ input: "one" }, "secret", "set", "db_password", "--job", "api");
    await typed({ input: "t" }, "secret", "set", "token");
    await bucket.build();
    const refused = await maand("secret", "rm", "db_password", "--job", "api");
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringContaining("is read by templates: api (app.conf.tpl)"),
    ]);
    const forced = await maand("secret", "rm", "db_password", "--job", "api", "--force");
    expect(forced.out).toContain("removed from job api: db_password");
    expect(forced.out).toContain("cannot determine what the next deploy restarts: job api cannot be planned");
    const again = await maand("secret", "rm", "db_password", "--job", "api");
    expect([again.code, again.err]).toEqual([2, expect.stringContaining("job api has no secret db_password")]);
  });
});

describe("maand secret get and list", () => {
  it("show a value only with --reveal, and print a warning on a terminal", async () => {
    await typed({ input: "s3cret" }, "secret", "set", "token", "--job", "web");
    const plain = await maand("secret", "get", "token", "--job", "web");
    expect(plain.out).toBe("token of job web: version 1, changed 2026-09-21 14:13:20 UTC; --reveal prints it\n");
    const shown = await typed({ screen: true }, "secret", "get", "token", "--job", "web", "--reveal");
    expect(shown).toMatchObject({ out: "s3cret\n", err: expect.stringContaining("the value is on this screen") });
    expect(await maand("secret", "get", "token", "--job", "web", "--reveal")).toMatchObject({ out: "s3cret", err: "" });
    expect((await maand("secret", "get", "token")).err).toContain('the bucket has no secret "token"');
    const list = await maand("secret", "list");
    expect(list.out).toMatch(
      /│ OF +│ KEY +│ VERSION │ CHANGED +│ FROM │\n.*\n│ job web │ token │ +1 │ 2026-09-21 14:13:20 │ +│\n/,
    );
    const [row] = JSON.parse((await maand("secret", "list", "--job", "web", "--json")).out);
    expect(row).toEqual({ job: "web", key: "token", version: 1, created_date: 1_790_000_000, source: null });
  });

  it("print no value without --reveal, like other commands, and no file of the bucket contains it", async () => {
    mkdirSync(join(bucket.root, "in"));
    const outputs = [
      await typed({ input: SENTINEL }, "secret", "set", "db_password", "--job", "api"),
      await typed({ input: `token='${SENTINEL.replace("'", "")}'` }, "secret", "import", "-"),
      await maand("secret", "list"),
      await maand("secret", "list", "--json"),
      await maand("secret", "get", "db_password", "--job", "api", "--json"),
      await maand("cat", "kv", "--json"),
    ];
    const summary = await bucket.ship();
    expect(bucket.fleet.at("api", A)?.files["app.conf"]).toContain(SENTINEL);
    expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
    const files = readdirSync(bucket.root, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    const stored = files.map((file) => readFileSync(join(file.parentPath, file.name), "latin1"));
    expect(files.length).toBeGreaterThan(5);
    const all = [JSON.stringify({ outputs, summary, events: bucket.events }), ...stored].join("\n");
    expect(all).not.toContain("sentinel");
    expect(all).not.toContain(Buffer.from(SENTINEL).toString("base64").slice(0, 20));
  });
});

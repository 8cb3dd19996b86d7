import { isMaandError } from "@maand/core";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakePrograms, resolve } from "../fake-program.test.support.ts";

/** Quotes, newlines, blanks at both ends, and characters that a shell or JSON would change. */
const ODD = ' it\'s "$(x)" \\n `y` ünï✓\nsecond line\n';
const json = (value: unknown) => JSON.stringify(value);

let fakes: FakePrograms;

beforeEach(() => {
  fakes = new FakePrograms();
});

afterEach(() => fakes.dispose());

const OP = {
  fields: [
    { id: "password", label: "password", value: ODD },
    { id: "x1", label: "port", value: "5432", section: { id: "s1", label: "db" } },
    { id: "x2", label: "port", value: "80", section: { id: "s2", label: "web" } },
  ],
};
const BW = {
  login: { username: "u", password: ODD, totp: null },
  notes: "n",
  fields: [{ name: "api key", value: "k" }],
};

interface Case {
  readonly argv: readonly string[];
  readonly output: string;
  readonly values: Readonly<Record<string, string>>;
}

const CASES: Readonly<Record<string, Case>> = {
  op: {
    argv: ["op", "item", "get", "my db", "--vault", "prod", "--format", "json"],
    output: json(OP),
    values: {
      "secret://op/prod/my db/password": ODD,
      "secret://op/prod/my db/db/port": "5432",
      "secret://op/prod/my db/s2/x2": "80",
    },
  },
  "vault, version 2": {
    argv: ["vault", "kv", "get", "-format=json", "-mount=kv", "prod/api"],
    output: json({ data: { data: { password: ODD, port: 5432 }, metadata: { version: 3 } } }),
    values: { "secret://vault/kv/prod/api/password": ODD, "secret://vault/kv/prod/api/port": "5432" },
  },
  "vault, version 1": {
    argv: ["vault", "kv", "get", "-format=json", "-mount=kv", "api"],
    output: json({ data: { password: ODD, data: "d" } }),
    values: { "secret://vault/kv/api/password": ODD, "secret://vault/kv/api/data": "d" },
  },
  aws: {
    argv: ["aws", "secretsmanager", "get-secret-value", "--secret-id", "prod/api", "--output", "json"],
    output: json({ SecretString: json({ password: ODD }) }),
    values: { "secret://aws/prod/api": json({ password: ODD }), "secret://aws/prod/api#password": ODD },
  },
  gcp: {
    argv: [..."gcloud secrets versions access latest --secret api --project p1 --format json".split(" ")],
    output: json({ payload: { data: Buffer.from(ODD).toString("base64url") } }),
    values: { "secret://gcp/p1/api": ODD },
  },
  "gcp, a version": {
    argv: [..."gcloud secrets versions access 7 --secret api --project p1 --format json".split(" ")],
    output: json({ payload: { data: Buffer.from(json({ key: ODD })).toString("base64") } }),
    values: { "secret://gcp/p1/api/7#key": ODD },
  },
  bw: {
    argv: ["bw", "--nointeraction", "get", "item", "my api"],
    output: json(BW),
    values: {
      "secret://bw/my api/password": ODD,
      "secret://bw/my api/username": "u",
      "secret://bw/my api/notes": "n",
      "secret://bw/my api/api key": "k",
    },
  },
  bws: {
    argv: ["bws", "secret", "list", "0f-1d", "--output", "json"],
    output: json([
      { key: "a", value: ODD },
      { key: "b", value: "2" },
    ]),
    values: { "secret://bws/0f-1d/a": ODD, "secret://bws/0f-1d/b": "2" },
  },
  doppler: {
    argv: [..."doppler secrets download --project api --config prd --no-file --no-fallback --format json".split(" ")],
    output: json({ A: ODD, B: "2", C: "3" }),
    values: { "secret://doppler/api/prd/A": ODD, "secret://doppler/api/prd/B": "2" },
  },
  pass: {
    argv: ["pass", "show", "web/api"],
    output: "pa: ss \nuser: ada\ntoken:x:y\n",
    values: {
      "secret://pass/web/api": "pa: ss ",
      "secret://pass/web/api#user": "ada",
      "secret://pass/web/api#token": "x:y",
      "secret://pass/web/api#*": "pa: ss \nuser: ada\ntoken:x:y\n",
    },
  },
  sops: {
    argv: ["sops", "--decrypt", "--output-type", "json", "workspace/prod.enc.yaml"],
    output: json({ db: { password: ODD }, "a.b": "dots" }),
    values: {
      "secret://sops/workspace/prod.enc.yaml#db.password": ODD,
      "secret://sops/workspace/prod.enc.yaml#a.b": "dots",
    },
  },
  age: {
    argv: ["age", "--decrypt", "--identity", "secrets/age.key", "--", "workspace/db.age"],
    output: ODD,
    values: { "secret://age/workspace/db.age": ODD },
  },
};

describe.each(Object.entries(CASES))("the provider %s", (_, { argv, output, values }) => {
  const [program = ""] = argv;
  const texts = Object.keys(values);

  it("runs its program once with the expected arguments, and leaves values unchanged", async () => {
    fakes.answers(argv, { stdout: output });
    expect(Object.fromEntries((await resolve(texts, { env: fakes.env() })) ?? [])).toEqual(values);
    expect(fakes.left(program, "log").match(/^start/gm)).toHaveLength(1);
  });

  it("explains how to install its program, and how to log in", async () => {
    const missing: unknown = await resolve(texts, { env: { PATH: fakes.directory } }).catch((cause: unknown) => cause);
    expect(missing).toMatchObject({ code: "SECRET_NOT_READ" });
    if (!isMaandError(missing)) throw missing;
    expect(missing.problems.map(({ where }) => where)).toEqual(texts);
    expect(missing.problems[0]?.message).toBe(`${program} is not installed, or is not in PATH`);
    fakes.answers(argv, { stderr: "please log in\n", code: 3 });
    const failed: unknown = await resolve(texts, { env: fakes.env() }).catch((cause: unknown) => cause);
    if (!isMaandError(failed)) throw failed;
    expect(failed.problems[0]?.message).toBe(`${program} exited with code 3: please log in`);
    expect(failed.problems[0]?.hint).toBeTruthy();
  });
});

describe("a secret that cannot be read", () => {
  it.each([
    ["a field", "op", "secret://op/prod/my db/nope", "the provider has no value for it"],
    ["one of several", "op", "secret://op/prod/my db/port", "several fields of this name"],
    ["a key", "vault, version 2", "secret://vault/kv/prod/api/nope", "the provider has no value for it"],
    ["an inherited property", "doppler", "secret://doppler/api/prd/toString", "the provider has no value for it"],
    ["a line", "pass", "secret://pass/web/api#nope", "the provider has no value for it"],
    ["a single value", "sops", "secret://sops/workspace/prod.enc.yaml#db", "a list or an object, not a string"],
    ["output in JSON", "aws", "secret://aws/prod/api#a", "its output is not JSON"],
  ])("is reported as a problem: %s", async (_, name, text, message) => {
    const { argv = [], output = "" } = CASES[name] ?? {};
    fakes.answers(argv, { stdout: message.includes("not JSON") ? "sentinel" : output });
    const failure: unknown = await resolve([text], { env: fakes.env() }).catch((cause: unknown) => cause);
    expect(failure).toMatchObject({ code: "SECRET_NOT_READ", message: expect.stringContaining(message) });
    expect(JSON.stringify(failure)).not.toContain("sentinel");
  });

  it("is reported if it is binary", async () => {
    fakes.answers(CASES.aws?.argv ?? [], { stdout: json({ SecretBinary: "AAAA" }) });
    await expect(resolve(["secret://aws/prod/api"], { env: fakes.env() })).rejects.toThrow("it is binary");
    fakes.answers(CASES.gcp?.argv ?? [], { stdout: json({ payload: { data: "//79" } }) });
    await expect(resolve(["secret://gcp/p1/api"], { env: fakes.env() })).rejects.toThrow("it is binary");
    fakes.answers(CASES.age?.argv ?? [], { stdout: Buffer.from([0xff, 0xfe]) });
    await expect(resolve(["secret://age/workspace/db.age"], { env: fakes.env() })).rejects.toThrow("not UTF-8");
  });

  it.each([
    "op/a/b",
    "op/a/b/c/d/e",
    "vault/a/b",
    "gcp/a",
    "gcp/a/b/c/d",
    "bw/a",
    "bws/a",
    "doppler/a/b",
    "sops/a",
    "age/a#b",
    "exec/a/b",
  ])("is reported with the correct syntax if its reference is invalid: %s", async (text) => {
    const [provider = ""] = text.split("/");
    await expect(resolve([`secret://${text}`], { env: fakes.env() })).rejects.toMatchObject({
      problems: [
        {
          message: "does not have the syntax of its provider",
          hint: expect.stringContaining(`secret://${provider}/<`),
        },
      ],
    });
  });

  it("is left to other plugins if the provider is unknown", async () => {
    expect(await resolve(["secret://keepass/a/b"], { env: fakes.env() })).toBeUndefined();
    expect(await resolve(["secret://constructor/a/b"], { env: fakes.env() })).toBeUndefined();
  });
});

describe("a program of the provider exec", () => {
  const settings = { secret_programs: { mine: ["my-secrets", "--team", "a b"] } };
  const texts = ["secret://exec/mine/db/password", "secret://exec/mine/token#x"];

  it("receives the references as JSON, and prints the values as JSON", async () => {
    fakes.readsInput("my-secrets");
    fakes.answers(["my-secrets", "--team", "a b"], {
      stdout: json({ version: 1, secrets: { [texts[0] ?? ""]: ODD, [texts[1] ?? ""]: "t" } }),
    });
    const read = await resolve(texts, { env: fakes.env(), settings });
    expect([...(read?.values() ?? [])]).toEqual([ODD, "t"]);
    expect(JSON.parse(fakes.left("my-secrets", "input"))).toEqual({
      version: 1,
      references: [
        { reference: texts[0], path: "db/password", field: null },
        { reference: texts[1], path: "token", field: "x" },
      ],
    });
  });

  it.each([
    [json({ secrets: {} }), 'its output is not {"version": 1'],
    [json({ version: 1, secrets: { [texts[0] ?? ""]: 5 } }), "its value is not a string"],
    [json({ version: 1, secrets: {} }), "the provider has no value for it"],
    ["nothing", "its output is not JSON"],
  ])("fails with any other output: %s", async (stdout, message) => {
    fakes.answers(["my-secrets", "--team", "a b"], { stdout });
    await expect(resolve(texts.slice(0, 1), { env: fakes.env(), settings })).rejects.toThrow(message);
  });

  it("can print any text as a value", async () => {
    fakes.answers(["my-secrets", "--team", "a b"], {});
    const value = fc.string({ unit: "grapheme" });
    await fc.assert(
      fc.asyncProperty(value, async (any) => {
        fakes.answers(["my-secrets", "--team", "a b"], {});
        const { writeFileSync } = await import("node:fs");
        writeFileSync(`${fakes.directory}/my-secrets.out-1`, json({ version: 1, secrets: { [texts[0] ?? ""]: any } }));
        const read = await resolve(texts.slice(0, 1), { env: fakes.env(), settings });
        expect(read?.get(texts[0] ?? "")).toBe(any);
      }),
      { numRuns: 15 },
    );
  });
});

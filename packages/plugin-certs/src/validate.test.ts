import type { Problem } from "@maand/core";
import { createHooks } from "@maand/core/internal";
import { aFile, aJob, validateContext } from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { certs } from "./certs.ts";
import { CERTS } from "./schema.ts";
import { readCerts } from "./settings.ts";

const WHERE = "workspace/jobs/api/manifest.json: certs";

async function problemsOf(entries: unknown, files: readonly string[] = []): Promise<readonly Problem[]> {
  const hooks = createHooks();
  await certs().apply(hooks);
  const job = aJob({ manifest: { certs: entries }, files: files.map((path) => aFile({ path })) });
  const context = validateContext({ jobs: [job], bucket: { root: "/nowhere" } });
  await hooks.validate.promise(context);
  return context.problems;
}

describe("the key certs of a manifest", () => {
  it.each([
    [undefined],
    [{}],
    [{ web: {}, web_2: { pkcs8: true, one: true, subject: { common_name: "a", alt_names: ["b.example", "::1"] } } }],
  ])("can be %j", async (entries) => expect(await problemsOf(entries)).toEqual([]));

  it.each([
    [{ "2web": {} }, `${WHERE}.2web`, /is not a valid certificate name/, /beginning with a letter/],
    [{ "web-1": {} }, `${WHERE}.web-1`, /is not a valid certificate name/, /letters, digits and _/],
    [{ constructor: {} }, `${WHERE}.constructor`, /is not a valid certificate name/, /./],
    [{ ca: {} }, `${WHERE}.ca`, /"ca" is taken/, /another name/],
    [{ web: { subject: { common_name: "" } } }, `${WHERE}.web.subject.common_name`, /empty/, /omit it/],
    [
      { web: { subject: { common_name: "a b" } } },
      `${WHERE}.web.subject.common_name`,
      /"a b" is neither a DNS name/,
      /letters/,
    ],
    [
      { web: { subject: { common_name: `${"a".repeat(60)}.example` } } },
      `${WHERE}.web.subject.common_name`,
      /64/,
      /alt/,
    ],
    [
      { web: { subject: { alt_names: ["ok", "https://db.example:443/x"] } } },
      `${WHERE}.web.subject.alt_names[1]`,
      /neither a DNS name/,
      /write "db.example"/,
    ],
  ])("cannot be %j", async (entries, where, message, hint) => {
    expect(await problemsOf(entries)).toEqual([
      {
        code: "invalid_certs",
        where,
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
        level: "error",
      },
    ]);
  });

  it("is reported with a warning if it has unknown keys", async () => {
    expect(await problemsOf({ web: { pkcs: true, subject: { commonname: "a" } } })).toMatchObject([
      { code: "unknown_key", where: `${WHERE}.web.pkcs`, hint: 'did you mean "pkcs8"?', level: "warning" },
      { code: "unknown_key", where: `${WHERE}.web.subject.commonname`, hint: 'did you mean "common_name"?' },
    ]);
  });

  it("is reported with a warning if a certificate replaces a file of the job", async () => {
    expect(await problemsOf({ web: {} }, ["certs/ca.crt", "certs/web.key", "certs/mine.crt"])).toMatchObject([
      { code: "file_replaced", where: "workspace/jobs/api/certs/ca.crt", level: "warning" },
      { code: "file_replaced", where: "workspace/jobs/api/certs/web.key" },
    ]);
  });

  it("is parsed with all defaults, sorted by name", () => {
    expect(
      readCerts(aJob({ manifest: { certs: { web: {}, db: { one: true, subject: { alt_names: ["x"] } } } } })),
    ).toEqual([
      { name: "db", pkcs8: false, one: true, commonName: "api", altNames: ["x"] },
      { name: "web", pkcs8: false, one: false, commonName: "api", altNames: [] },
    ]);
    expect(() => readCerts(aJob({ manifest: { certs: [] } }))).toThrow("certs of api are invalid");
  });

  it("has a JSON Schema for editors", () => {
    expect(CERTS.jsonSchema?.()).toMatchObject({
      type: "object",
      additionalProperties: { properties: { pkcs8: { type: "boolean" }, subject: { type: "object" } } },
    });
  });
});

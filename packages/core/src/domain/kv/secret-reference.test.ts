import { describe, expect, it } from "vitest";
import { parseReference, splitReferences } from "./secret-reference.ts";

describe("a secret reference", () => {
  it("has a provider, a path and a field", () => {
    expect(parseReference("secret://op/prod/my db/password")).toEqual({
      text: "secret://op/prod/my db/password",
      provider: "op",
      path: ["prod", "my db", "password"],
      field: undefined,
    });
    expect(parseReference("secret://sops/a/b.yaml#x/y#z")).toMatchObject({ path: ["a", "b.yaml"], field: "x/y#z" });
  });

  it.each([
    "secret://",
    "secret://op",
    "secret://op/",
    "secret://Op/a",
    "secret://op/a#",
    "secret://op/a//b",
    "secret://op/../a",
    "secret://op/a/--vault",
    "secret://op/a\nb",
  ])("is refused: %j", (text) => {
    expect(parseReference(text)).toEqual(expect.stringContaining(JSON.stringify(text).slice(1, 9)));
  });
});

it("variables are split into plain variables and secrets, and an override wins over vars.toml", () => {
  const { variables, references, wrong } = splitReferences(
    {
      bucketVars: new Map([
        ["plain", "x"],
        ["token", "secret://op/a/b/c"],
        ["bad key", "secret://op/a/b/c"],
      ]),
      jobVars: new Map([
        [
          "api",
          new Map([
            ["password", "secret://op/a/b/d"],
            ["port", "1"],
          ]),
        ],
        ["web", new Map([["a", "b"]])],
      ]),
      overrides: new Map([
        [
          "api",
          new Map([
            ["password", "secret://pass/x"],
            ["other", "secret://"],
          ]),
        ],
      ]),
    },
    "workspace/bucket.jobs.conf",
  );
  expect([...variables.bucketVars]).toEqual([["plain", "x"]]);
  expect([...(variables.jobVars.get("api") ?? [])]).toEqual([["port", "1"]]);
  expect([...(variables.overrides.get("api") ?? [])]).toEqual([]);
  expect(references.map(({ owner, key, reference, where }) => [owner, key, reference.text, where])).toEqual([
    ["api", "password", "secret://pass/x", "workspace/bucket.jobs.conf: api.password"],
    [undefined, "token", "secret://op/a/b/c", "workspace/bucket.conf: token"],
  ]);
  expect(wrong.map(({ where }) => where)).toEqual([
    "workspace/bucket.jobs.conf: api.other",
    "workspace/bucket.conf: bad key",
  ]);
});

import * as v from "valibot";
import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import type { Job } from "../../domain/workspace/job.ts";
import { aBucket, aJob, type TestBucket } from "../../testing/index.ts";
import { definePlugin } from "../plugin.ts";
import { defineClaim } from "./claim.ts";

const CANARY = defineClaim("canary", {
  description: "Upgrade one allocation first.",
  schema: v.object({
    soak: v.pipe(
      v.string(),
      v.transform((text) => Number.parseInt(text, 10)),
    ),
    every: v.optional(v.number(), 5),
  }),
});

let bucket: TestBucket | undefined;
afterEach(() => {
  bucket?.dispose();
  bucket = undefined;
});

describe("a defined claim", () => {
  it("returns the output of its schema, with defaults, transforms and the output's type", () => {
    const value = CANARY.of(aJob({ manifest: { canary: { soak: "30 s" } } }));
    expect(value).toEqual({ soak: 30, every: 5 });
    expectTypeOf(value).toEqualTypeOf<{ soak: number; every: number } | undefined>();
  });

  it("returns undefined if the manifest does not have the key, or if its value is invalid", () => {
    expect([CANARY.of(aJob({ manifest: {} })), CANARY.of(aJob({ manifest: { canary: 7 } }))]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("generates the JSON Schema for editors from a valibot schema", () => {
    expect(CANARY.jsonSchema?.()).toMatchObject({ type: "object", properties: { every: { type: "number" } } });
  });

  it("passes the transformed value to all hooks of a build and a deploy, and does not transform it again", async () => {
    const seen: Record<string, unknown> = {};
    const note = (hook: string, job: Job | undefined) => {
      seen[hook] = [job?.manifest.canary, job && CANARY.of(job)];
    };
    const plugin = definePlugin({
      name: "canary",
      claims: { canary: CANARY },
      apply(hooks) {
        hooks.validate.tap("canary", ({ jobs: [job] }) => note("validate", job));
        for (const name of ["contribute", "afterBuild", "beforeJob", "afterJob"] as const)
          hooks[name].tap("canary", ({ job }) => note(name, job));
      },
    });
    bucket = aBucket({ plugins: [plugin] });
    bucket.workers("10.0.0.1");
    bucket.job("api", { selectors: ["worker"], canary: { soak: "30 s" } });
    expect((await bucket.ship()).outcome).toBe("ok");
    const both = [
      { soak: 30, every: 5 },
      { soak: 30, every: 5 },
    ];
    expect(seen).toEqual({ validate: both, contribute: both, afterBuild: both, beforeJob: both, afterJob: both });
  });
});

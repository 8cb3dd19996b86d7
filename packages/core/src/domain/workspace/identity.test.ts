import fc from "fast-check";
import { expect, it } from "vitest";
import { allocationId, nameUuid } from "./identity.ts";

fc.configureGlobal({ seed: 1 });

it("the id of a name is the same in every version of maand", () => {
  expect(nameUuid("api")).toBe("8a5da52e-d126-347d-b59e-70c05721a8aa");
  expect(allocationId("api", "10.0.0.1")).toBe("67b5a127-3e36-3801-90b6-1bf413398655");
});

it("the id of a name is always the same UUID of version 3", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (name) => {
      expect(nameUuid(name)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-3[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(nameUuid(name)).toBe(nameUuid(name));
    }),
  );
});

it("allocations of different jobs or hosts have different ids", () => {
  const ids = ["api", "web"].flatMap((job) => ["10.0.0.1", "10.0.0.2"].map((host) => allocationId(job, host)));
  expect(new Set(ids).size).toBe(4);
});

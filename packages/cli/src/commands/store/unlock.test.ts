import { describe, expect, it } from "vitest";
import { holderForJson } from "./unlock.ts";

describe("the holder in the JSON of maand unlock", () => {
  const lock = { pid: 4711, command: "deploy", since: "2026-01-02T03:04:05.000Z" };

  it("has the documented fields of a lock on this machine", () => {
    expect(holderForJson({ ...lock, process: "boot 17" })).toEqual(lock);
  });

  it("also has the user and the machine of a lease, but not the identity of its process", () => {
    const lease = { ...lock, user: "ann", machine: "build-1", process: "boot 17", space: "boot pid:[4026531836]" };
    expect(holderForJson(lease)).toEqual({ ...lock, user: "ann", machine: "build-1" });
  });

  it("is null if no command uses the bucket", () => {
    expect(holderForJson(undefined)).toBeNull();
  });
});

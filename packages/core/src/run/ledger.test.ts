import { expect, it, vi } from "vitest";
import { Ledger } from "./ledger.ts";

it("outcomeOf finds an unchanged allocation without searching all hosts of its job", () => {
  const hosts = Array.from({ length: 1_000 }, (_, at) => `10.0.${at >> 8}.${at & 255}`);
  const ledger = new Ledger();
  ledger.noteUnchanged("api", hosts);
  const search = vi.spyOn(Array.prototype, "includes");
  expect(new Set(hosts.map((host) => ledger.outcomeOf("api", host)))).toEqual(new Set(["skipped"]));
  expect(search.mock.calls.length).toBeLessThan(hosts.length); // the test runner itself searches a few times
  search.mockRestore();
  expect([ledger.outcomeOf("api", "10.9.9.9"), ledger.outcomeOf("web", hosts[0] ?? "")]).toEqual([
    undefined,
    undefined,
  ]);
});

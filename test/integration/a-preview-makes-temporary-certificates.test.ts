import { existsSync } from "node:fs";
import { join } from "node:path";
import { aBucket } from "@maand/core/testing";
import { certs } from "@maand/plugin-certs";
import { planWorkspace } from "@maand/saved-plans";
import { expect, it, onTestFinished } from "vitest";

it("a preview of a build creates a temporary CA and temporary certificates, and writes no file", async () => {
  const bucket = aBucket({ plugins: [certs({ caKey: "ecdsa-p256" })] });
  onTestFinished(() => bucket.dispose());
  bucket.workers("10.0.0.1", "10.0.0.2");
  bucket.job("api", { version: "1.0.0", selectors: ["worker"], certs: { web: {} } });
  const maand = await bucket.open();
  try {
    const { saved } = await planWorkspace(maand, { jobs: [], force: false, syncOnly: false });
    const [first] = saved.waves[0]?.jobs[0]?.allocations ?? [];
    expect(first?.made_by_build).toEqual(["certs/ca.crt", "certs/web.crt", "certs/web.key"]);
  } finally {
    await maand.close();
  }
  expect(["secrets/ca.crt", "secrets/ca.key"].map((path) => existsSync(join(bucket.root, path)))).toEqual([
    false,
    false,
  ]);
});

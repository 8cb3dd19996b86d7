import { afterEach, beforeEach, expect, it } from "vitest";
import { byPath, contentHash } from "../../domain/deploy/digest.ts";
import { definePlugin } from "../../plugin-api/plugin.ts";
import { aBucket, type TestBucket } from "../../testing/index.ts";
import { deployments } from "./deployments.ts";

const A = "10.0.0.1";

let bucket: TestBucket;

/** Adds a different file to every tree, as a template or a certificate would. */
const renderer = definePlugin({
  name: "renderer",
  apply: ({ render }) =>
    render.tap("renderer", ({ files }, { newVersion }) => {
      const content = Buffer.from(newVersion);
      const file = { path: "version", hash: contentHash(content), size: content.length, executable: false, content };
      return { files: [...files, file].sort(byPath) };
    }),
});

beforeEach(() => {
  bucket = aBucket({ plugins: [renderer] });
  bucket.workers(A);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
});

afterEach(() => bucket.dispose());

/** The digest that is shown, and the digest that a dry run finds. */
async function digests(): Promise<[string | null | undefined, string | undefined]> {
  const ours = await bucket.open();
  const [row] = deployments(ours.store);
  ours.close();
  const { waves } = await bucket.plan();
  return [row?.currentDigest, waves[0]?.jobs[0]?.allocations[0]?.target.digest];
}

it("a deployment shows the digest that a dry run finds, and no digest before the first plan", async () => {
  await bucket.build();
  expect((await digests())[0]).toBe(null);
  await bucket.deploy();
  const [shown, planned] = await digests();
  expect(shown).toBe(planned);
  bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
  await bucket.build();
  expect((await digests())[0]).toBe(null);
  await bucket.deploy();
  const [after, now] = await digests();
  expect(after).toBe(now);
  expect(after).not.toBe(shown);
});

it("a deployment counts as failed from a failed command until the next successful one", async () => {
  const failed = async () => {
    const ours = await bucket.open();
    const [row] = deployments(ours.store);
    ours.close();
    return row?.failed;
  };
  await bucket.ship();
  expect(await failed()).toBe(false);
  bucket.job("api", { version: "2.0.0", selectors: ["worker"] });
  bucket.fleet.fail(`restart api@${A}`);
  await bucket.ship();
  expect(await failed()).toBe(true);
  bucket.fleet.repair();
  await bucket.deploy();
  expect(await failed()).toBe(false);
});

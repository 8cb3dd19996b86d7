import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import * as core from "@maand/core";
import {
  aBucket,
  aJob,
  beginContext,
  callHook,
  commitContext,
  fakeRemote,
  preflightContext,
  reconcileContext,
  renderContext,
  rolloutContext,
  sampleOf,
  scopedJobContext,
  verifyContext,
} from "@maand/core/testing";
import * as valibot from "valibot";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { importModule } from "../../packages/core/src/config/import-module.ts";
import { blocksOf, page, proseOf } from "./pages.ts";

/** Runs the recipes of docs/plugins/recipes.md unchanged. */
const recipes = page("docs/plugins/recipes.md");
const blocks = blocksOf(recipes).filter(({ info }) => /^ts (?!maand\.config)/.test(info));
const place = mkdtempSync(join(tmpdir(), "maand-recipes-"));
const made = new Map<string, unknown>();

beforeAll(async () => {
  for (const { info, code } of blocks) {
    const [, file = ""] = info.split(" ");
    writeFileSync(join(place, file), code);
    const module = await importModule(join(place, file), {
      "@maand/core": async () => core,
      valibot: async () => valibot,
    });
    for (const [name, value] of Object.entries(Object(module))) made.set(name, value);
  }
});

afterAll(() => rmSync(place, { recursive: true }));

function plugin(name: string): core.Plugin {
  const found = made.get(name);
  if (typeof found !== "object" || found === null || !("name" in found) || !("apply" in found))
    throw new Error(`no recipe ${name}`);
  return core.definePlugin(Object.assign({ name, apply() {} }, found));
}

describe("recipes", () => {
  it("define ten plugins, each with the name of its file", () => {
    expect(proseOf(recipes).match(/^## \d+\. /gm)).toHaveLength(10);
    expect(blocks.map(({ info }) => info.split(" ")[1])).toEqual([...made.keys()].map((name) => `${name}.ts`));
  });

  it("1. print a message after each job", async () => {
    const context = scopedJobContext();
    await callHook(plugin("announce"), "afterJob", context);
    expect(context.output).toEqual([{ line: "api 1.0.0 is on 10.0.0.1" }]);
  });

  it("2. no deploys on Fridays", async () => {
    const on = (day: string) =>
      callHook(plugin("friday"), "begin", beginContext({ now: () => new Date(`${day}T12:00:00Z`) }));
    await expect(on("2026-05-01")).rejects.toMatchObject({ code: "NOT_PERMITTED", message: "no deploys on Fridays" });
    await on("2026-05-04");
  });

  it("3. send the result to a webhook", async ({ onTestFinished }) => {
    const received: string[] = [];
    const server = createServer(async (request, response) => {
      received.push(await text(request));
      response.writeHead(received.length === 1 ? 200 : 503).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = isAddress(address) ? address.port : 0;
    const make = made.get("webhook");
    if (typeof make !== "function") throw new Error("no recipe webhook");
    const webhook: core.Plugin = make({ url: `http://127.0.0.1:${port}/hook` });
    await callHook(webhook, "commit", commitContext());
    expect(received.map((body) => JSON.parse(body))).toMatchObject([{ run: "run", outcome: "ok" }]);
    await expect(callHook(webhook, "commit", commitContext())).rejects.toThrow("answered 503");
    expect(() => make({ url: "nowhere" })).toThrow("refuses its options");
  });

  it("4. run some jobs with systemctl, the others with make", async () => {
    const remote = fakeRemote();
    const job = aJob({ manifest: { systemd: true } });
    expect(await callHook(plugin("systemd"), "rollout", rolloutContext({ remote, job }))).toBe("done");
    expect(await callHook(plugin("systemd"), "reconcile", reconcileContext({ remote, job }))).toBe("done");
    expect(await callHook(plugin("systemd"), "rollout", rolloutContext({ remote }))).toBeUndefined();
    expect(remote.lines).toEqual(["systemctl restart api.service", "systemctl stop api.service"]);
  });

  it("5. a validated manifest key", async ({ onTestFinished }) => {
    const bucket = aBucket({ plugins: [plugin("owner")] });
    onTestFinished(() => bucket.dispose());
    bucket.workers("10.0.0.1");
    bucket.job("api", { selectors: ["worker"] });
    const problems = () =>
      bucket.build().then(
        ({ problems: found }) => found,
        ({ problems: found }: core.MaandError) => found,
      );
    expect(await problems()).toMatchObject([{ code: "owner.missing", message: "has no owner" }]);
    bucket.job("api", { selectors: ["worker"], owner: "PAY!" });
    expect(await problems()).toMatchObject([{ code: "invalid_manifest", message: "must be one lower-case word" }]);
    bucket.job("api", { selectors: ["worker"], owner: "payments" });
    expect(await problems()).toEqual([]);
  });

  it("6. a function for templates", async () => {
    const functions = await callHook(plugin("shout"), "templateFunctions", {}, () => renderContext());
    expect(
      Object.entries(functions).map(([name, call]) => [
        name,
        typeof call === "function" ? Reflect.apply(call, undefined, ["hey"]) : undefined,
      ]),
    ).toEqual([
      ["shout", "HEY"],
      ["jobVersion", "1.0.0"],
    ]);
  });

  it("7. a file in every job's directory", async ({ onTestFinished }) => {
    const bucket = aBucket({ plugins: [plugin("release")] });
    onTestFinished(() => bucket.dispose());
    bucket.workers("10.0.0.1");
    bucket.job("api", { version: "1.2.0", selectors: ["worker"] });
    expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
    expect(bucket.fleet.at("api", "10.0.0.1")?.files.RELEASE).toBe("api 1.2.0 on 10.0.0.1\n");
    expect(await bucket.ship()).toMatchObject({
      outcome: "ok",
      allocations: [expect.objectContaining({ action: "skip" })],
    });
  });

  it("8. require tools and disk space on workers", async () => {
    const full = preflightContext({ remote: fakeRemote({ answers: { df: { stdout: "Avail\n 12345\n" } } }) });
    await callHook(plugin("tools"), "preflight", full);
    expect([full.tools, full.problems.map(({ code }) => code)]).toEqual([["docker"], ["tools.disk"]]);
    const roomy = preflightContext({ remote: fakeRemote({ answers: { df: { stdout: "Avail\n 9999999\n" } } }) });
    await callHook(plugin("tools"), "preflight", roomy);
    expect(roomy.problems).toEqual([]);
  });

  it("9. a table for maand cat", async () => {
    const [context] = sampleOf("afterJob");
    const rows = await plugin("owners").tables?.owners?.rows({
      bucket: context.bucket,
      jobs: [aJob({ manifest: { owner: "payments" } })],
      workers: [],
      allocations: context.allocations,
      now: () => new Date(0),
    });
    expect(rows).toEqual([{ job: "api", owner: "payments", workers: 1 }]);
  });

  it("10. a custom health check", async () => {
    const job = aJob({ manifest: { queue: "mail" } });
    const requests = (length: string) =>
      verifyContext({ job, remote: async () => fakeRemote({ answers: { queuectl: { stdout: length } } }) });
    const well = requests("12\n");
    await callHook(plugin("queue"), "verify", well);
    expect(well.results).toMatchObject([{ ok: true, message: "12 waiting" }]);
    expect(well.emitted).toEqual([{ name: "queue.measured", data: { host: "10.0.0.1", length: 12 } }]);
    await expect(callHook(plugin("queue"), "verify", requests("5000\n"))).rejects.toMatchObject({
      code: "UNHEALTHY",
      worker: "10.0.0.1",
    });
  });
});

function isAddress(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}

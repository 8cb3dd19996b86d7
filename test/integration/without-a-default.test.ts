import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { definePlugin, type Hooks, type Plugin, type Problem, pluginList } from "@maand/core";
import { build, createHooks, deploy, openBucket } from "@maand/core/internal";
import { aBucket, fakeRemote, type TestBucket } from "@maand/core/testing";
import { describe, expect, it, type TestContext } from "vitest";
import { defaults, STOCK_MODULES, type StockName } from "../../packages/cli/src/defaults.ts";
import { copyAuthority } from "../../packages/cli/src/run/typed.test.support.ts";

const HOST = "127.0.0.11";

/** Connects to workers with the transport `bare`, which only runs make. */
const bare = definePlugin({
  name: "bare",
  apply({ connect }) {
    connect.tapPromise("bare", async ({ worker, root }) =>
      worker.transport === "bare" ? fakeRemote({ host: HOST, root, transport: "bare" }) : undefined,
    );
  },
});

/** Creates a bucket with one job on one worker, which uses only these plugins. */
async function aShop(
  { onTestFinished }: Pick<TestContext, "onTestFinished">,
  plugins: readonly Plugin[],
  transport: string,
) {
  const bucket = aBucket();
  onTestFinished(() => bucket.dispose());
  await copyAuthority(bucket.root);
  bucket.workers({ host: HOST, transport });
  bucket.job("api", { selectors: ["worker"] });
  return { bucket, ship: () => ship(bucket, plugins) };
}

async function ship({ root, events }: TestBucket, plugins: readonly Plugin[]) {
  const maand = await openBucket({
    from: root,
    now: () => new Date(),
    signal: new AbortController().signal,
    pid: process.pid,
    defaults: () => plugins,
    stock: defaults,
    modules: STOCK_MODULES,
    readers: [{ name: "recorder", apply: ({ event }: Hooks) => event.tap("recorder", (one) => void events.push(one)) }],
  });
  try {
    const { problems } = await build(maand);
    const { outcome } = await deploy(maand, { jobs: [], force: false, syncOnly: false });
    const messages = events.flatMap((event) =>
      event.type === "worker.failed"
        ? [`${event.message} | ${event.hint}`]
        : "message" in event
          ? [String(event.message)]
          : [],
    );
    return {
      outcome,
      messages: messages.join("\n"),
      warned: problems.map(described),
      configured: maand.loaded.warnings.map(described),
    };
  } finally {
    maand.close();
  }
}

const described = ({ where, message, hint }: Problem) => `${where}: ${message} | ${hint}`;

const without = (name: StockName) => [...defaults().remove(name), bare];
const names = defaults().map(({ name }) => name);

describe("a missing stock plugin is reported:", () => {
  it.for([
    ["ssh", "ssh", 'no plugin handles `connect` for worker 127.0.0.11 with transport "ssh" | add @maand/plugin-ssh'],
    [
      "local",
      "local",
      'no plugin handles `connect` for worker 127.0.0.11 with transport "local" | add @maand/plugin-local',
    ],
    ["rsync", "bare", "no plugin handles `stage` for worker 127.0.0.11"],
    ["make", "local", "no plugin handles `rollout` (start of api) for worker 127.0.0.11"],
  ] as const)("a deploy that needs the plugin %s fails", async ([name, transport, messages], context) => {
    const shop = await aShop(context, without(name), transport);
    const shipped = await shop.ship();
    expect(shipped.outcome).toBe("failed");
    expect(shipped.messages).toContain(messages);
  });

  it.for([
    [
      "templates",
      { files: { "app.conf.tpl": "{{.Job}}" } },
      "no loaded plugin renders templates, so nothing is rendered from app.conf.tpl | add @maand/plugin-templates",
    ],
    [
      "certs",
      { manifest: { certs: {} } },
      'manifest.json: certs: no loaded plugin reads "certs", so it is ignored | add @maand/plugin-certs',
    ],
    [
      "health",
      { manifest: { health_check: {} } },
      'manifest.json: health_check: no loaded plugin reads "health_check", so it is ignored | add @maand/plugin-health',
    ],
  ] as const)("a build that needs the plugin %s warns", async ([name, job, warned], context) => {
    const shop = await aShop(context, without(name), "local");
    shop.bucket.job(
      "api",
      { selectors: ["worker"], ...("manifest" in job ? job.manifest : {}) },
      "files" in job ? job.files : {},
    );
    const shipped = await shop.ship();
    expect(shipped.warned).toEqual([expect.stringContaining(warned)]);
    expect(shipped.outcome).toBe("ok");
  });

  it("every command warns about a setting of the plugin notify", async (context) => {
    const shop = await aShop(context, without("notify"), "local");
    writeFileSync(join(shop.bucket.root, "maand.conf"), '[[notify]]\nto = "command"\ncommand = ["true"]\n');
    const shipped = await shop.ship();
    expect(shipped.configured).toEqual([
      expect.stringMatching(/maand\.conf:.*notify.* \| add @maand\/plugin-notify to the plugins/),
    ]);
    expect(shipped.outcome).toBe("ok");
  });

  it("a build refuses a reference to a secret without the plugin secrets", async (context) => {
    const shop = await aShop(context, without("secrets"), "local");
    writeFileSync(join(shop.bucket.root, "workspace/bucket.conf"), 'token = "secret://pass/api/token"\n');
    await expect(shop.ship()).rejects.toMatchObject({
      message: 'no plugin reads secrets of the provider "pass", as in secret://pass/api/token',
      hint: "add @maand/plugin-secrets to the plugins of the configuration",
    });
  });

  it("these tests cover every stock plugin", () => {
    expect([...names].sort()).toEqual([
      "certs",
      "health",
      "import",
      "job-commands",
      "local",
      "maintenance",
      "make",
      "notify",
      "operations",
      "prometheus",
      "rsync",
      "secrets",
      "ssh",
      "templates",
      "ui",
    ]);
  });
});

describe("a deploy succeeds without the stock plugin", () => {
  it.for(
    (
      [
        ...["ssh", "rsync", "templates", "certs", "health", "import", "job-commands", "notify", "operations"],
        ...["maintenance", "prometheus", "secrets", "ui"],
      ] as const
    ).map((name) => [name]),
  )("%s", async ([name = "ssh"], context) => {
    expect(await (await aShop(context, without(name), "local")).ship()).toMatchObject({ outcome: "ok", warned: [] });
  });

  it.for([["local"], ["make"]] as const)("%s, if another plugin replaces it", async ([name], context) => {
    const { fleet } = aBucket();
    const plugins = [fleet.plugin, ...defaults().remove(name)];
    expect(await (await aShop(context, plugins, "fake")).ship()).toMatchObject({ outcome: "ok" });
    expect(fleet.running()).toEqual({ [`api@${HOST}`]: "0.0.0" });
  });
});

describe("core alone", () => {
  it("builds a bucket, and a deploy names the missing hook", async (context) => {
    const { outcome, messages } = await (await aShop(context, [], "ssh")).ship();
    expect(outcome).toBe("failed");
    expect(messages).toContain("no plugin handles `connect`");
  });

  it("has hooks without taps", () => {
    expect(Object.values(createHooks()).flatMap(({ taps }) => taps)).toEqual([]);
    expect(pluginList([])).toEqual([]);
  });
});

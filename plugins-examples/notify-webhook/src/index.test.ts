import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Summary } from "@maand/core";
import { aBucket, commitContext, createHooks } from "@maand/core/testing";
import { afterEach, describe, expect, it } from "vitest";
import { notifyWebhook, notifyWebhookIn } from "./index.ts";

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Starts an HTTP server on this machine, and returns its address and the requests it got. */
async function receiver(answer: RequestListener = (_, response) => response.end()) {
  const posted: unknown[] = [];
  const listening = createServer(async (request, response) => {
    posted.push(JSON.parse(await bodyOf(request)));
    answer(request, response);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as AddressInfo;
  return { posted, host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}/hooks/s3cr3t-token` };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function notify(
  options: Parameters<typeof notifyWebhook>[0],
  outcome: Summary["outcome"] = "ok",
  environment: NodeJS.ProcessEnv = {},
) {
  const hooks = createHooks();
  await notifyWebhookIn(environment)(options).apply(hooks);
  const base = commitContext();
  await hooks.commit.promise({ ...base, summary: { ...base.summary, outcome } });
}

describe("notify-webhook", () => {
  it("posts the summary", async () => {
    const { url, posted } = await receiver();
    await notify({ url });
    expect(posted).toMatchObject([{ run: "run", bucket: "bucket", outcome: "ok", promoted: 0, failures: [] }]);
  });

  it("reads the URL from the environment", async () => {
    const { url, posted } = await receiver();
    await notify({}, "ok", { MAAND_WEBHOOK_URL: url });
    await notify({ urlFrom: "HOOK" }, "failed", { HOOK: url });
    expect(posted).toMatchObject([{ outcome: "ok" }, { outcome: "failed" }]);
  });

  it("posts nothing for a successful run with onlyFailures", async () => {
    const { url, posted } = await receiver();
    await notify({ url, onlyFailures: true });
    await notify({ url, onlyFailures: true }, "interrupted");
    expect(posted).toMatchObject([{ outcome: "interrupted" }]);
  });

  it("names the environment variable that should contain the URL", async () => {
    await expect(notify({})).rejects.toThrow("MAAND_WEBHOOK_URL does not contain a URL");
  });

  it("reports an error response, and prints only the host of the URL", async () => {
    const { url, host } = await receiver((_, response) => response.writeHead(500).end());
    const refused = expect(notify({ url })).rejects;
    await refused.toThrow(`notification failed: ${host} responded with 500`);
    await refused.not.toThrow("s3cr3t-token");
  });

  it("stops waiting for a response at its time limit", async () => {
    const { url, host } = await receiver(() => {});
    await expect(notify({ url, timeoutSeconds: 0.1 })).rejects.toThrow(`${host} did not respond within 0.1 s`);
  });

  it("cannot change the outcome of a deploy", async () => {
    const bucket = aBucket({ plugins: [notifyWebhook({ url: "http://127.0.0.1:1/hooks" })] });
    bucket.workers("10.0.0.1");
    bucket.job("api", { selectors: ["worker"] });
    const { outcome, warnings } = await bucket.ship().finally(bucket.dispose);
    expect(outcome).toBe("ok");
    expect(warnings).toEqual(["notify-webhook: notification failed: 127.0.0.1:1 cannot be reached"]);
  });

  it("reports invalid options by key", () => {
    const where = (key: string) => expect.objectContaining({ where: `notify-webhook.${key}` });
    expect(() => notifyWebhook({ url: "hooks.example", timeoutSeconds: 0 })).toThrow(
      expect.objectContaining({ problems: [where("url"), where("timeoutSeconds")] }),
    );
  });
});

import { MaandError, pluginWithOptions, summaryRecord } from "@maand/core";
import * as v from "valibot";

const address = v.pipe(v.string("must be text"), v.regex(/^https?:\/\/\S+$/, "must begin with https:// or http://"));

const options = v.object({
  /** The address to post to. It often contains a secret and is safer in the environment. */
  url: v.optional(address),
  /** The environment variable with the address, if `url` is not set. */
  urlFrom: v.optional(v.string("must be text"), "MAAND_WEBHOOK_URL"),
  /** Seconds to wait for a response. */
  timeoutSeconds: v.optional(v.pipe(v.number("must be a number"), v.minValue(0.1, "must be at least 0.1")), 10),
  /** Only post deploys that failed or were interrupted. */
  onlyFailures: v.optional(v.boolean("must be true or false"), false),
});

/** Posts the summary of every deploy as JSON. A failure to post adds a warning and never changes the outcome. */
export const notifyWebhook = notifyWebhookIn(process.env);

/** Like `notifyWebhook`, with another environment, for tests. */
export function notifyWebhookIn(environment: NodeJS.ProcessEnv) {
  return pluginWithOptions({
    name: "notify-webhook",
    options,
    apply({ commit }, { url: written, urlFrom, timeoutSeconds, onlyFailures }) {
      commit.tapPromise("notify-webhook", async ({ run, bucket, summary }) => {
        if (onlyFailures && summary.outcome === "ok") return;
        const url = written ?? environment[urlFrom];
        if (!v.is(address, url)) throw failed(`${urlFrom} does not contain a URL`);
        await post(url, { run: run.id, bucket: bucket.id, ...summaryRecord(summary) }, timeoutSeconds * 1000);
      });
    },
  });
}

/**
 * Does not use the signal of the run: `commit` also runs after an interrupted run, and that run must be reported too.
 */
async function post(url: string, body: object, timeoutMs: number): Promise<void> {
  const { host } = new URL(url); // the rest of the address may be a secret and is never printed
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((cause: unknown) => {
    const late = cause instanceof Error && cause.name === "TimeoutError";
    throw failed(late ? `${host} did not respond within ${timeoutMs / 1000} s` : `${host} cannot be reached`);
  });
  await answer.body?.cancel();
  if (!answer.ok) throw failed(`${host} responded with ${answer.status}`);
}

function failed(why: string): MaandError {
  return new MaandError({ code: "HOOK_FAILED", message: `notify-webhook: notification failed: ${why}` });
}

export default notifyWebhook;

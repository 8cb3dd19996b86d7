import { MaandError, pluginWithOptions, summaryRecord } from "@maand/core";
import * as v from "valibot";

const address = v.pipe(v.string("must be text"), v.regex(/^https?:\/\/\S+$/, "must begin with https:// or http://"));

const options = v.object({
  /** Where to post. It often holds a secret, and is better kept in the environment. */
  url: v.optional(address),
  /** Environment variable that holds the address, unless `url` is given. */
  urlFrom: v.optional(v.string("must be text"), "MAAND_WEBHOOK_URL"),
  /** Seconds to wait for an answer. */
  timeoutSeconds: v.optional(v.pipe(v.number("must be a number"), v.minValue(0.1, "must be at least 0.1")), 10),
  /** Only tell of deploys that failed or were interrupted. */
  onlyFailures: v.optional(v.boolean("must be true or false"), false),
});

/** Posts the summary of every deploy as JSON. Whatever becomes of that is one warning more, and never another outcome. */
export const notifyWebhook = notifyWebhookIn(process.env);

/** The same, with another environment. */
export function notifyWebhookIn(environment: NodeJS.ProcessEnv) {
  return pluginWithOptions({
    name: "notify-webhook",
    options,
    apply({ commit }, { url: written, urlFrom, timeoutSeconds, onlyFailures }) {
      commit.tapPromise("notify-webhook", async ({ run, bucket, summary }) => {
        if (onlyFailures && summary.outcome === "ok") return;
        const url = written ?? environment[urlFrom];
        if (!v.is(address, url)) throw failed(`${urlFrom} does not hold an address`);
        await post(url, { run: run.id, bucket: bucket.id, ...summaryRecord(summary) }, timeoutSeconds * 1000);
      });
    },
  });
}

/** The run's own signal is left alone: `commit` is also called when a run was interrupted, and that is worth telling. */
async function post(url: string, body: object, timeoutMs: number): Promise<void> {
  const { host } = new URL(url); // the rest of an address may be a secret, and is never said
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    redirect: "error",
    signal: AbortSignal.timeout(timeoutMs),
  }).catch((cause: unknown) => {
    const late = cause instanceof Error && cause.name === "TimeoutError";
    throw failed(late ? `${host} did not answer within ${timeoutMs / 1000} s` : `${host} cannot be reached`);
  });
  await answer.body?.cancel();
  if (!answer.ok) throw failed(`${host} answered ${answer.status}`);
}

function failed(why: string): MaandError {
  return new MaandError({ code: "HOOK_FAILED", message: `notify-webhook: nobody was told: ${why}` });
}

export default notifyWebhook;

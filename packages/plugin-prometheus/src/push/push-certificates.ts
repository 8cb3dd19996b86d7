import { type CommitContext, type Job, MaandError, secret } from "@maand/core";
import { compareHosts, NAMESPACE } from "@maand/core/internal";
import { addressOf } from "../scrape/target.ts";
import { isServer, SERVER_PORT } from "../sources.ts";
import { certificatesOnWorkers } from "./certificates.ts";
import { AFTER_CHANGES, type Patience, type Receiver, send, WITHOUT_CHANGES } from "./send.ts";
import { type Series, seriesOf } from "./series.ts";
import { snappy } from "./snappy.ts";
import { encodeWriteRequest } from "./write-request.ts";

/** The number of series in one request. */
const SERIES_AT_ONCE = 5000;

/**
 * Pushes how long the certificates on the workers are valid to one Prometheus of each server job. Throws what could not be
 * pushed, which core turns into a warning: a deploy never fails because of it.
 */
export async function pushCertificates(context: CommitContext): Promise<void> {
  const certificates = certificatesOnWorkers(context);
  if (certificates.length === 0 || context.signal.aborted) return;
  const changed = context.summary.allocations.some(({ outcome }) => outcome !== "skipped");
  const now = context.now().getTime();
  const series = seriesOf(certificates, now);
  const pushes = context.jobs.filter(isServer).map(async (job) => {
    const receiver = receiverOf(job, context);
    if (receiver === undefined) return undefined;
    if (typeof receiver === "string") return receiver;
    const reason = await pushAll(receiver, series, now, changed ? AFTER_CHANGES : WITHOUT_CHANGES, context.signal);
    return reason === undefined ? undefined : `${receiver.url}: ${reason}`;
  });
  const failures = (await Promise.all(pushes)).filter((failure) => failure !== undefined);
  if (failures.length === 0) return;
  throw new MaandError({
    code: "HOOK_FAILED",
    message: `the days left of certificates could not be pushed to Prometheus: ${failures.join("; ")}`,
  });
}

async function pushAll(
  receiver: Receiver,
  series: readonly Series[],
  now: number,
  patience: Patience,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let from = 0; from < series.length; from += SERIES_AT_ONCE) {
    const body = snappy(encodeWriteRequest(series.slice(from, from + SERIES_AT_ONCE), now));
    const reason = await send(receiver, body, patience, signal);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** The first active worker of a server job that was deployed; undefined for none, a text if its secrets are wrong. */
function receiverOf(job: Job, context: CommitContext): Receiver | string | undefined {
  const { allocations, promotedFiles, kv } = context;
  const active = allocations.filter(
    (allocation) => allocation.job === job.name && !allocation.removed && !allocation.disabled,
  );
  const hosts = active.filter((allocation) => promotedFiles(allocation).length > 0).map(({ host }) => host);
  const [host] = hosts.sort(compareHosts);
  const port = job.ports[SERVER_PORT];
  if (host === undefined || port === undefined) return undefined;
  const url = `http://${addressOf(host, port)}/api/v1/write`;
  const secrets = NAMESPACE.secrets(job.name);
  const user = kv(job).find(secrets, "admin_username");
  const password = kv(job).find(secrets, "admin_password");
  if (user !== undefined && password !== undefined) return { url, login: { user, password: secret(password) } };
  if (user === undefined && password === undefined) return { url };
  const lacks = user === undefined ? "admin_username" : "admin_password";
  return `the secrets of job ${job.name} have no ${lacks}; both or neither are needed`;
}

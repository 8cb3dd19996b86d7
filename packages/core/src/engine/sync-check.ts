import { error, type Problem } from "../domain/problem.ts";
import { MaandError } from "../errors.ts";
import { asMaandError } from "./outcome.ts";
import { type Run, workerOf } from "./run.ts";

/**
 * Whether workers are as the bucket left them: each one's `worker.json` must name this bucket, this worker, and the
 * `update_seq` that was delivered there last (seed job, decision 10). Throws OUT_OF_SYNC naming every worker that is not
 * and what differs; nothing was run then.
 */
export async function checkSync(
  source: Pick<
    Run,
    "frame" | "maand" | "workers" | "catalog" | "allocationsOf" | "remembered" | "delivery" | "connections"
  >,
  hosts: readonly string[],
): Promise<void> {
  const found = await Promise.all(hosts.map((host) => differences(source, host)));
  const problems = found.flat();
  if (problems.length === 0) return;
  // what we advise must also help: a worker that is not as we left it is told anew by the next deploy
  for (const { code, where } of problems)
    if (code === "out_of_sync" && source.delivery(where)) source.maand.store.deliveries.begin(where);
  const unreachable = problems.every((problem) => problem.code === "unreachable");
  throw new MaandError({
    code: unreachable ? "UNREACHABLE" : "OUT_OF_SYNC",
    message: problems.map((problem) => `${problem.where}: ${problem.message}`).join("; "),
    hint: unreachable
      ? "nothing was run; leave the worker out with --allocations, or bring it back"
      : "nothing was run; run maand deploy first",
    problems,
  });
}

async function differences(source: Parameters<typeof checkSync>[0], host: string): Promise<Problem[]> {
  const delivered = source.delivery(host)?.seq;
  if (delivered === undefined)
    return [error("out_of_sync", host, "nothing was ever deployed there", "run maand deploy first")];
  const worker = workerOf(source, host);
  try {
    const remote = await source.connections.ready(worker);
    const { code, stdout } = await remote.probe(["cat", `${remote.root}/worker.json`], { asRoot: true });
    if (code !== 0) return [lost(source, host)];
    return compare(host, stdout, {
      bucket_id: source.maand.bucketId,
      worker_id: worker.workerId,
      update_seq: delivered,
    });
  } catch (cause) {
    const failed = asMaandError(cause);
    return [error("unreachable", host, failed.message, failed.hint)];
  }
}

/** A worker without its `worker.json` has lost what was brought there: the next deploy brings everything again. */
function lost({ maand, catalog, remembered }: Parameters<typeof checkSync>[0], host: string): Problem {
  maand.store.transaction(() => {
    for (const { id, host: at } of catalog.allocations)
      if (at === host && remembered(id).staged !== undefined) maand.store.promoted.unstage(id);
  });
  return error(
    "out_of_sync",
    host,
    "its worker.json is missing, so its files are gone",
    "run maand deploy first, which brings them again",
  );
}

function compare(host: string, text: string, wanted: Readonly<Record<string, string | number>>): Problem[] {
  const found = parse(text);
  if (!found) return [error("out_of_sync", host, "its worker.json cannot be read", "run maand deploy first")];
  const different = Object.entries(wanted).filter(([key, value]) => found[key] !== value);
  return different.map(([key, value]) =>
    error(
      "out_of_sync",
      host,
      `${key} is ${String(found[key] ?? "missing")} there and ${value} here`,
      "run maand deploy first",
    ),
  );
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

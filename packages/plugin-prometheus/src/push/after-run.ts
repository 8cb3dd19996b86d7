import { type CommitContext, type Job, MaandError, type RecordedContext } from "@maand/core";
import { groupCountOf } from "../published.ts";
import { isServer } from "../sources.ts";
import { checkLoaded } from "./check-loaded.ts";
import { AFTER_CHANGES, type Patience, WITHOUT_CHANGES } from "./patience.ts";
import { certificatePush } from "./push-certificates.ts";
import { type Server, serverOf } from "./server.ts";

/**
 * Pushes the validity of the certificates on the workers to one Prometheus of each server job, and checks whether that
 * server runs all rules. Throws the problems. Core turns them into a warning, so that a deploy never fails because of
 * them.
 */
export async function afterDeploy(context: CommitContext): Promise<void> {
  if (context.signal.aborted || context.summary.outcome === "refused") return;
  const changed = context.summary.allocations.some(({ outcome }) => outcome !== "skipped");
  await pushAll(context, changed ? AFTER_CHANGES : WITHOUT_CHANGES, (job, server, patience) =>
    loadedRules(job, server, patience, context),
  );
}

/** Pushes after a build, which changes no worker: one attempt, for at most a second. */
export function afterBuild(context: RecordedContext): Promise<void> {
  return pushAll(context, WITHOUT_CHANGES, () => Promise.resolve(undefined));
}

type Check = (job: Job, server: Server, patience: Patience) => Promise<string | undefined>;

async function pushAll(context: RecordedContext, patience: Patience, check: Check): Promise<void> {
  const push = certificatePush(context);
  const work = context.jobs.filter(isServer).map(async (job): Promise<(string | undefined)[]> => {
    const server = serverOf(job, context);
    if (server === undefined) return [];
    if (typeof server === "string") return [server];
    return Promise.all([push(server, patience), check(job, server, patience)]);
  });
  const failures = (await Promise.all(work)).flat().filter((failure) => failure !== undefined);
  if (failures.length > 0) throw new MaandError({ code: "HOOK_FAILED", message: failures.join("; ") });
}

const STARTED: ReadonlySet<string> = new Set(["start", "restart", "reload"]);

/** Checks the rules only for a server that this deploy started or reloaded. */
function loadedRules(
  job: Job,
  server: Server,
  patience: Patience,
  { summary, kv, signal }: CommitContext,
): Promise<string | undefined> {
  const expected = groupCountOf(kv(job));
  const isNew = summary.allocations.some(
    (result) =>
      result.job === job.name && result.host === server.host && result.outcome === "ok" && STARTED.has(result.action),
  );
  return isNew && expected !== undefined ? checkLoaded(server, expected, patience, signal) : Promise.resolve(undefined);
}

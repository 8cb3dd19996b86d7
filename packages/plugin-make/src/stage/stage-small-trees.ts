import { StringDecoder } from "node:string_decoder";
import type { Done, OutputStream, StageContext } from "@maand/core";
import {
  type FoundOnWorker,
  syncConflicts,
  syncDisconnected,
  syncedPaths,
  syncInterrupted,
  syncRefused,
  syncTimedOut,
} from "@maand/core/toolbox";
import { Cutoff, type CutoffCode } from "../runner/cutoff.ts";
import { RunnerClient, type RunningRequest } from "../runner/runner-client.ts";
import { fenceFields, refusedByFence } from "../runner/runner-fence.ts";
import type { RunnerPool } from "../runner/runner-pool.ts";
import { RUNNER_EXIT } from "../runner-program.ts";
import { type SmallTrees, smallTrees } from "./small-trees.ts";

/**
 * Copies small trees through the runner that also runs the targets, without another process and without writing to the
 * local disk. Returns undefined, so that the next tap of `stage` copies them, if the trees are many or large, if no
 * runner can be started, or if the worker fails to write; the next tap then succeeds or reports the reason. Throws
 * TIMED_OUT, INTERRUPTED, DISCONNECTED, and STAGE_FAILED if something that maand did not create would be lost.
 */
export async function stageSmallTrees(context: StageContext, runners: RunnerPool): Promise<Done | undefined> {
  if (context.remote.transport === "local") return undefined;
  const trees = smallTrees(context);
  if (!trees) return undefined;
  const cutoff = new Cutoff(context.signal);
  try {
    const runner = await runners.ready(context.remote, context.bucket.id, cutoff, context.timeoutMs);
    if (typeof runner === "string") throw cutOffBy(context, runner);
    return runner instanceof RunnerClient ? await stageThrough(runner, context, trees, cutoff) : undefined;
  } finally {
    cutoff.close();
  }
}

async function stageThrough(
  runner: RunnerClient,
  context: StageContext,
  trees: SmallTrees,
  cutoff: Cutoff,
): Promise<Done | undefined> {
  const answer = new StageAnswer();
  const fence = fenceFields(context.remote, runner);
  const request = runner.request({ stage: trees.request, timeout: context.timeoutMs / 1000, ...fence }, answer.push);
  const ended = request.ended.then((code) => code ?? "DISCONNECTED");
  const send = (hash: string) =>
    request.send({ content: hash, bytes: Buffer.from(trees.content(hash)).toString("base64") });
  for (const hash of trees.eager) void send(hash);
  const sent = answer.complete.then(async ({ found, hashes }) => {
    if (found) await refuseConflicts(context, found, request);
    for (const hash of hashes) if (!trees.eager.has(hash)) await send(hash);
    return ended;
  });
  const end = await Promise.race([sent, ended, cutoff.reached]);
  if (end === RUNNER_EXIT.timedOut) throw cutOffBy(context, "TIMED_OUT");
  if (end === RUNNER_EXIT.fenced) throw refusedByFence(context.remote, answer.messages);
  if (end === RUNNER_EXIT.ended) throw cutOffBy(context, "DISCONNECTED");
  if (typeof end === "string") {
    request.abandon();
    throw cutOffBy(context, cutoff.interrupted ? "INTERRUPTED" : end);
  }
  if (end !== 0) return undefined;
  for (const path of answer.deleted) context.deleted(path);
  return "done";
}

/** Lets the runner continue if the paths it found do not conflict; otherwise stops the request. */
async function refuseConflicts(context: StageContext, found: FoundOnWorker, request: RunningRequest): Promise<void> {
  const { trees, metadata, remote } = context;
  const own = trees.flatMap(({ job, files }) => files.map(({ path }) => `jobs/${job}/${path}`));
  const conflicts = syncConflicts(found, syncedPaths({ ...context, files: [...metadata.keys(), ...own] }));
  if (conflicts.length === 0) return request.send({ proceed: true });
  void request.end();
  throw syncRefused(remote.host, conflicts);
}

/**
 * Parses what a runner prints for a stage: an object with what it found, the hashes it lacks, an empty line, and what
 * it deleted.
 */
class StageAnswer {
  readonly deleted: string[] = [];
  /** Lines of the runner itself. */
  readonly messages: string[] = [];
  readonly #decoder = new StringDecoder("utf8");
  readonly #lines: string[] = [];
  #rest = "";
  #isComplete = false;
  #settle: (answer: { readonly found: FoundOnWorker | undefined; readonly hashes: readonly string[] }) => void =
    () => {};

  /** Resolves with the part before the empty line. */
  readonly complete = new Promise<{ readonly found: FoundOnWorker | undefined; readonly hashes: readonly string[] }>(
    (resolve) => {
      this.#settle = resolve;
    },
  );

  readonly push = (stream: OutputStream, bytes: Buffer): void => {
    if (stream === "stderr") {
      this.messages.push(...bytes.toString().split("\n"));
      return;
    }
    const lines = (this.#rest + this.#decoder.write(bytes)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  };

  #take(line: string): void {
    if (this.#isComplete) this.deleted.push(line);
    else if (line !== "") this.#lines.push(line);
    else {
      const [found = "{}", ...hashes] = this.#lines;
      this.#isComplete = true;
      this.#settle({ found: foundIn(found), hashes });
    }
  }
}

/** What a runner found, with its objects as maps; undefined if it found nothing. */
function foundIn(line: string): FoundOnWorker | undefined {
  if (line === "{}") return undefined;
  const found: Partial<FoundOnWorkerJson> = JSON.parse(line);
  return {
    broken: found.broken ?? [],
    linked: new Map(Object.entries(found.linked ?? {})),
    places: new Map(Object.entries(found.places ?? {})),
    links: found.links ?? [],
    directories: new Map(Object.entries(found.directories ?? {})),
    others: found.others ?? [],
    mounts: new Map(Object.entries(found.mounts ?? {})),
  };
}

/** {@link FoundOnWorker} in its JSON form. */
type FoundOnWorkerJson = {
  readonly [Key in keyof FoundOnWorker]: FoundOnWorker[Key] extends ReadonlyMap<string, infer Value>
    ? Readonly<Record<string, Value>>
    : FoundOnWorker[Key];
};

function cutOffBy({ remote, timeoutMs }: StageContext, code: CutoffCode): Error {
  switch (code) {
    case "TIMED_OUT":
      return syncTimedOut(remote.host, timeoutMs);
    case "INTERRUPTED":
      return syncInterrupted(remote.host);
    case "DISCONNECTED":
      return syncDisconnected(remote.host);
  }
}

import { type Done, LineSplitter, MaandError, type StageContext } from "@maand/core";
import { Cutoff, type CutoffCode } from "./cutoff.ts";
import { RunnerClient } from "./runner-client.ts";
import type { RunnerPool } from "./runner-pool.ts";
import { RUNNER_EXIT } from "./runner-program.ts";
import { type SmallTrees, smallTrees } from "./small-trees.ts";

/**
 * Copies small trees through the runner that runs the targets anyway: it takes no further process, and nothing is written
 * to this machine's disk. Returns undefined, so that the next tap of `stage` does it, when the trees are many or large, when
 * no runner can be started, and when the worker fails to write: the next tap succeeds, or says why not.
 * Throws TIMED_OUT, INTERRUPTED, DISCONNECTED, and STAGE_FAILED where something would be lost that maand did not make.
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
  const request = runner.request({ stage: trees.request, timeout: context.timeoutMs / 1000 }, (stream, bytes) =>
    answer.push(stream, bytes),
  );
  const ended = request.ended.then((code) => code ?? "DISCONNECTED");
  const sent = answer.missing.then(async (hashes) => {
    for (const hash of hashes)
      await request.send({ content: hash, bytes: Buffer.from(trees.content(hash)).toString("base64") });
    return ended;
  });
  const end = await Promise.race([sent, ended, cutoff.reached]);
  if (end === RUNNER_EXIT.timedOut) throw cutOffBy(context, "TIMED_OUT");
  if (end === RUNNER_EXIT.refused) throw refused(context, answer.error);
  if (typeof end === "string") {
    request.abandon();
    throw cutOffBy(context, cutoff.interrupted ? "INTERRUPTED" : end);
  }
  if (end !== 0) return undefined;
  for (const path of answer.deleted) context.deleted(path);
  return "done";
}

/** What a runner prints for a stage: the hashes it lacks, an empty line, and in the end what it deleted; a line each. */
class StageAnswer {
  readonly deleted: string[] = [];
  readonly #hashes: string[] = [];
  readonly #lines = {
    stdout: new LineSplitter((line) => this.#take(line)),
    stderr: new LineSplitter((line) => {
      this.error = line;
    }),
  };
  #complete = false;
  #settle: (hashes: readonly string[]) => void = () => {};

  /** The last line of errors. */
  error = "";

  /** Settles with all hashes once they are known. */
  readonly missing = new Promise<readonly string[]>((resolve) => {
    this.#settle = resolve;
  });

  push(stream: "stdout" | "stderr", bytes: Buffer): void {
    this.#lines[stream].push(bytes);
  }

  #take(line: string): void {
    if (this.#complete) this.deleted.push(line);
    else if (line === "") this.#settle(this.#hashes);
    else this.#hashes.push(line);
    this.#complete ||= line === "";
  }
}

function refused({ remote }: StageContext, line: string): MaandError {
  return new MaandError({
    code: "STAGE_FAILED",
    worker: remote.host,
    message: `${remote.host}: ${line.replace(/^runner: /, "")}; nothing was changed there`,
    hint: "move it out of the way on the worker, or change the files of the job; then run maand deploy",
  });
}

function cutOffBy({ remote, timeoutMs }: StageContext, code: CutoffCode): MaandError {
  const { host } = remote;
  switch (code) {
    case "TIMED_OUT":
      return new MaandError({
        code,
        worker: host,
        message: `copying files to ${host} timed out after ${Math.round(timeoutMs / 100) / 10} s`,
      });
    case "INTERRUPTED":
      return new MaandError({ code, worker: host, message: `copying files to ${host} was interrupted` });
    case "DISCONNECTED":
      return new MaandError({
        code,
        worker: host,
        message: `the connection to ${host} closed while files were copied`,
        hint: "replaced files are whole; deploy again to copy the rest",
      });
  }
}

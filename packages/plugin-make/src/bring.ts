import { type Done, LineSplitter, MaandError, type StageContext } from "@maand/core";
import { RUNNER_EXIT } from "./runner.ts";
import type { Runners } from "./runners.ts";
import type { Served } from "./served.ts";
import { type SmallTrees, smallTrees } from "./small-trees.ts";
import { type Cut, Watch } from "./watch.ts";

/**
 * Brings small trees through the runner that is to run their targets anyway: no further process, and nothing written to
 * this machine's disk. Silent, so that the next tap of `stage` does it, when there is much to bring, when no runner is
 * to be had, and when it could not do it, so that who comes next does, or says why not.
 * Throws TIMED_OUT, INTERRUPTED or DISCONNECTED.
 */
export async function bringFiles(context: StageContext, runners: Runners): Promise<Done | undefined> {
  if (context.remote.transport === "local") return undefined;
  const trees = smallTrees(context);
  if (!trees) return undefined;
  const watch = new Watch(context.signal);
  try {
    const served = await runners.ready(context.remote, context.bucket.id, watch, context.timeoutMs);
    if (typeof served === "string") throw cutBy(context, served);
    return served && (await bring(context, trees, served, watch));
  } finally {
    watch.close();
  }
}

async function bring(
  context: StageContext,
  { wish, content }: SmallTrees,
  served: Served,
  watch: Watch,
): Promise<Done | undefined> {
  const said = new CommandOutput();
  const asked = served.ask({ stage: wish, timeout: context.timeoutMs / 1000 }, (stream, bytes) => {
    if (stream === "stdout") said.push(bytes);
  });
  const ended = asked.ended.then((code) => code ?? "DISCONNECTED");
  const sent = said.missing.then(async (hashes) => {
    for (const hash of hashes)
      await asked.tell({ content: hash, bytes: Buffer.from(content(hash)).toString("base64") });
    return ended;
  });
  const how = await Promise.race([sent, ended, watch.cut]);
  if (how === 0) {
    for (const path of said.deleted) context.deleted(path);
    return "done";
  }
  if (how === RUNNER_EXIT.timedOut) throw cutBy(context, "TIMED_OUT");
  if (typeof how === "number") return undefined;
  asked.forget();
  throw cutBy(context, watch.aborted ? "INTERRUPTED" : how);
}

/** What a runner says: the hashes it asks for, an empty line, and in the end what it deleted; a line each. */
class CommandOutput {
  readonly deleted: string[] = [];
  readonly #hashes: string[] = [];
  readonly #lines = new LineSplitter((line) => this.#take(line));
  #asked = false;
  #settle: (hashes: readonly string[]) => void = () => {};

  /** Settles with the hashes when all of them were said. */
  readonly missing = new Promise<readonly string[]>((resolve) => {
    this.#settle = resolve;
  });

  push(bytes: Buffer): void {
    this.#lines.push(bytes);
  }

  #take(line: string): void {
    if (this.#asked) this.deleted.push(line);
    else if (line === "") this.#settle(this.#hashes);
    else this.#hashes.push(line);
    this.#asked ||= line === "";
  }
}

function cutBy({ remote, timeoutMs }: StageContext, cut: Cut): MaandError {
  const { host } = remote;
  switch (cut) {
    case "TIMED_OUT":
      return new MaandError({
        code: cut,
        worker: host,
        message: `bringing files to ${host} timed out after ${Math.round(timeoutMs / 100) / 10} s`,
      });
    case "INTERRUPTED":
      return new MaandError({ code: cut, worker: host, message: `bringing files to ${host} was interrupted` });
    case "DISCONNECTED":
      return new MaandError({
        code: cut,
        worker: host,
        message: `the connection to ${host} closed while files were brought there`,
        hint: "replaced files are whole; deploy again to bring the rest",
      });
  }
}

import { StringDecoder } from "node:string_decoder";
import { type FoundFile, type Inventory, type InventoryContext, MaandError, type OutputStream } from "@maand/core";
import { Cutoff, type CutoffCode } from "../runner/cutoff.ts";
import { RunnerClient } from "../runner/runner-client.ts";
import type { RunnerPool } from "../runner/runner-pool.ts";
import { ENDING_MS } from "../runner-program.ts";
import { cannotStart } from "../target/target-errors.ts";

/** Maximum bytes of a request: a runner reads lines of at most 1 MiB. */
const REQUEST = 768 * 1024;

/**
 * Lists the files of jobs on a worker through its runner, in one request. Throws WORKER_LACKS if no runner can be
 * started, COMMAND_FAILED for files that cannot be read, TIMED_OUT, INTERRUPTED and DISCONNECTED.
 */
export async function listFiles(context: InventoryContext, runners: RunnerPool): Promise<Inventory> {
  const cutoff = new Cutoff(context.signal);
  try {
    const runner = await runners.ready(context.remote, context.bucket.id, cutoff, context.timeoutMs + ENDING_MS);
    if (typeof runner === "string") throw cutOff(context, runner);
    if (!(runner instanceof RunnerClient)) throw noRunner(context, runner.errorText);
    return await listThrough(runner, context, cutoff);
  } finally {
    cutoff.close();
  }
}

async function listThrough(runner: RunnerClient, context: InventoryContext, cutoff: Cutoff): Promise<Inventory> {
  const answer = new ListAnswer();
  const request = runner.request(
    { inventory: requestOf(context), timeout: context.timeoutMs / 1000 },
    (stream, bytes) => answer.push(stream, bytes),
  );
  const ended = request.ended.then((code) => code ?? "DISCONNECTED");
  const end = await Promise.race([ended, cutoff.reached]);
  if (end === 0) return answer.inventory();
  request.abandon();
  if (typeof end === "string") throw cutOff(context, cutoff.interrupted ? "INTERRUPTED" : end);
  throw new MaandError({
    code: "COMMAND_FAILED",
    message: `the files on ${context.remote.host} cannot be listed: ${answer.errorText()}`,
    worker: context.remote.host,
  });
}

/** The hashes of a job with very many rendered files are omitted, so that their contents are not returned. */
function requestOf({ metadata, jobs, keep, contentLimit }: InventoryContext): object {
  const request = (wanted: (job: ReadonlyMap<string, readonly string[]>) => object) => ({
    metadata,
    keep,
    limit: contentLimit,
    jobs: Object.fromEntries([...jobs].map(([job, files]) => [job, wanted(files)])),
  });
  const whole = request((files) => Object.fromEntries(files));
  return Buffer.byteLength(JSON.stringify(whole)) > REQUEST ? request(() => ({})) : whole;
}

interface ListedLine {
  readonly name?: string;
  readonly text?: string;
  readonly job?: string;
  readonly content?: string;
}

/** Parses what a runner prints for an inventory: one JSON object per line. */
class ListAnswer {
  readonly #metadata = new Map<string, string>();
  readonly #jobs = new Map<string, FoundFile[]>();
  readonly #decoder = new StringDecoder("utf8");
  #rest = "";
  #errors = "";

  push(stream: OutputStream, bytes: Buffer): void {
    if (stream === "stderr") {
      this.#errors += bytes.toString();
      return;
    }
    const lines = (this.#rest + this.#decoder.write(bytes)).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  }

  inventory(): Inventory {
    return { metadata: this.#metadata, jobs: this.#jobs };
  }

  errorText(): string {
    return this.#errors.trim().replace(/^runner: /, "") || "its runner failed";
  }

  #take(line: string): void {
    const entry: ListedLine & Omit<FoundFile, "content"> = JSON.parse(line);
    const { name, text, job, content, ...file } = entry;
    if (name !== undefined) this.#metadata.set(name, text ?? "");
    if (job === undefined) return;
    const files = this.#jobs.get(job) ?? [];
    this.#jobs.set(job, files);
    files.push(content === undefined ? file : { ...file, content: Buffer.from(content, "base64") });
  }
}

function noRunner({ remote: { host } }: InventoryContext, errorText: string): MaandError {
  const known = cannotStart(host, errorText);
  if (known) return known;
  return new MaandError({
    code: "WORKER_LACKS",
    message: `the runner cannot be started on ${host}${errorText === "" ? "" : `: ${errorText.trim()}`}`,
    hint: `check python3 with: maand run_command "python3 --version" --workers ${host}`,
    worker: host,
  });
}

function cutOff({ remote: { host }, timeoutMs }: InventoryContext, code: CutoffCode): MaandError {
  const why = code === "TIMED_OUT" ? `took longer than ${timeoutMs / 1000} s` : "was cut off";
  return new MaandError({ code, message: `listing the files on ${host} ${why}`, worker: host });
}

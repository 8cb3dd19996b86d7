import { type Argv, type ExecResult, MaandError, type Outcome, type Remote, type Worker } from "@maand/core";
import { lastLines } from "@maand/core/internal";
import {
  asMaandError,
  CommandOutput,
  type Connections,
  missingTools,
  outcomeOf,
  type RunReporter,
  runToEnd,
  stopIfInterrupted,
} from "@maand/core/operator";

/** The result of a script on one worker. */
export interface ScriptResult {
  readonly host: string;
  readonly exit: number | null;
  readonly outcome: Outcome;
  /** Whether the script succeeded; a closed connection counts as success if it was expected. */
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  readonly message: string | null;
  /** How to fix the problem, if known. */
  readonly hint: string | null;
}

/** A script to run on workers. */
export interface Script {
  readonly text: string;
  /** Whether its connection may close while it runs. */
  readonly mayDisconnect: boolean;
  /** The total number of workers that run it; they share the memory limit for output. */
  readonly workers: number;
}

/** The parts of a run that scripts need. */
export interface ScriptSource {
  readonly reporter: RunReporter;
  readonly connections: Connections;
}

/**
 * The script arrives over the connection, so that no process list shows it. Bash reads the entire script before it
 * runs, so that a command that reads standard input does not read the script's text.
 */
const ARGV = [
  "bash",
  "-c",
  `cd -- "$1" 2>/dev/null; set -- "$(cat && echo .)"; exec </dev/null; eval "set --; \${1%.}"`,
  "bash",
] as const;

/** Exit codes of a session that ends because its machine shuts down: after HUP, KILL, TERM. */
const DISCONNECTED_CODES: readonly number[] = [129, 137, 143];

const LINES = 12;

/** Runs a script on one worker and reports its result. Never throws; an error is part of the result. */
export async function runScript(source: ScriptSource, worker: Worker, script: Script): Promise<ScriptResult> {
  const { emit, bucket } = source.reporter;
  const lines = new CommandOutput(script.workers);
  const ended = await runToEnd(bucket.now, () => attempt(source, worker, script, lines));
  const result = ended.ok ? ended.answer : undefined;
  const cause = ended.ok ? failureOf(worker, ended.answer) : asMaandError(ended.cause);
  const isDisconnected = script.mayDisconnect && DISCONNECTED_CODES.includes(result?.code ?? 0);
  const outcome: Outcome = isDisconnected ? "disconnected" : cause ? outcomeOf(cause) : "ok";
  const ok = outcome === "ok" || (outcome === "disconnected" && script.mayDisconnect);
  const fields = { outcome, exit: result?.code ?? null, message: cause?.message ?? null };
  const { duration_ms } = ended.end;
  emit("script.finished", { worker: worker.host, ...fields, output: ok ? [] : (cause?.output ?? []), duration_ms });
  return {
    host: worker.host,
    ok,
    ...fields,
    durationMs: duration_ms,
    hint: cause?.hint ?? null,
    stdout: lines.text("stdout", result?.stdout),
    stderr: lines.text("stderr", result?.stderr),
  };
}

async function attempt(
  source: ScriptSource,
  worker: Worker,
  script: Script,
  output: CommandOutput,
): Promise<ExecResult> {
  const { reporter, connections } = source;
  const { signal, bucketId } = reporter.bucket;
  stopIfInterrupted(signal);
  const remote = await connections.connect(worker, { reportFailure: false });
  reporter.emit("script.started", { worker: worker.host, script: script.text });
  const { log } = reporter.context({ worker: worker.host });
  const argv: Argv = [...ARGV, remote.root];
  const result = await remote
    .probe(argv, {
      asRoot: true,
      stdin: `${script.text}\n`,
      env: { BUCKET_ID: bucketId, WORKER_IP: worker.host },
      signal,
      onLine(line, stream) {
        output.push(line, stream);
        log(line, { stream });
      },
    })
    .catch((cause: unknown) => {
      throw describedError(asMaandError(cause), worker, reporter.bucket.settings.timeouts.commandMs, output);
    });
  if (result.code === 126 || result.code === 127) await refuseWithoutTools(remote);
  return result;
}

/**
 * Throws if tools are missing. Called only after an exit code that indicates a missing program, so that a successful
 * script costs one round trip.
 */
async function refuseWithoutTools(remote: Remote): Promise<void> {
  const wanted = ["bash", "timeout", ...(remote.sudo ? ["sudo"] : [])];
  const missing = await missingTools(remote, wanted).catch(() => []);
  if (missing.length === 0) return;
  throw new MaandError({
    code: "WORKER_LACKS",
    message: `${remote.host} lacks ${missing.join(", ")}`,
    worker: remote.host,
    hint: `install ${missing.length === 1 ? "it" : "them"} on ${remote.host}`,
  });
}

function failureOf(worker: Worker, result: ExecResult): MaandError | undefined {
  if (result.code === 0) return undefined;
  return new MaandError({
    code: "COMMAND_FAILED",
    message: `exit code ${result.code}`,
    worker: worker.host,
    exit: result.code,
    output: lastLines(result, LINES),
  });
}

/** Rewords the message of a transport, which names the wrapper of the script instead of the script itself. */
function describedError(error: MaandError, worker: Worker, limitMs: number, output: CommandOutput): MaandError {
  const message = {
    TIMED_OUT: `timed out after ${limitMs / 1000} s`,
    DISCONNECTED: "its connection closed while the command ran",
    INTERRUPTED: "was interrupted",
  }[String(error.code)];
  if (message === undefined) return error;
  return new MaandError({ code: error.code, message, worker: worker.host, output: output.last(LINES), cause: error });
}

import { type ExecOptions, LineSplitter, MaandError, type OutputStream, type TargetContext } from "@maand/core";
import { ENDING_MS, runnerCommand } from "./runner.ts";
import type { Runners } from "./runners.ts";
import type { Served } from "./served.ts";
import { type Cut, Watch } from "./watch.ts";

/** One allocation and all that is needed to run a target of it. */
export type Unit = Omit<TargetContext, "target">;

type OnLine = NonNullable<ExecOptions["onLine"]>;

/**
 * Runs a target through the worker's served runner, or by a runner of its own where none can be served; answers the
 * exit code. Throws a MaandError whose code tells what cut it off, TIMED_OUT, INTERRUPTED or DISCONNECTED, or the
 * remote's own when nothing began.
 */
export async function ask(unit: Unit, target: string, runners: Runners, onLine: OnLine): Promise<number> {
  const watch = new Watch(unit.signal);
  try {
    const served = await runners.ready(unit.remote, unit.bucket.id, watch, unit.timeoutMs + ENDING_MS);
    if (typeof served === "string") throw cutBy(unit, served);
    if (served) return await askServed(unit, target, served, watch, onLine);
  } finally {
    watch.close();
  }
  return askAlone(unit, target, runners, onLine);
}

async function askServed(unit: Unit, target: string, served: Served, watch: Watch, onLine: OnLine): Promise<number> {
  const lines = {
    stdout: new LineSplitter((line) => onLine(line, "stdout")),
    stderr: new LineSplitter((line) => onLine(line, "stderr")),
  };
  const hear = (stream: OutputStream, bytes: Buffer) => lines[stream].push(bytes);
  const { env, timeoutMs, job } = unit;
  const asked = served.ask({ target, job: job.name, timeout: timeoutMs / 1000, env }, hear);
  const cut = watch.cut.then(async (why) => {
    if (why === "INTERRUPTED") await watch.atMost(ENDING_MS, asked.end());
    asked.forget();
    return why;
  });
  const ended = await Promise.race([asked.ended.then((code) => code ?? "DISCONNECTED"), cut]);
  lines.stdout.end();
  lines.stderr.end();
  if (watch.aborted) throw cutBy(unit, "INTERRUPTED");
  if (typeof ended === "string") throw cutBy(unit, ended);
  return ended;
}

/** A runner for this target alone. */
async function askAlone(unit: Unit, target: string, { program }: Runners, onLine: OnLine): Promise<number> {
  const { remote, env, signal, timeoutMs, bucket, job } = unit;
  const command = runnerCommand(remote, { bucketId: bucket.id, target, job: job.name, program, timeoutMs });
  const ending = { stopWord: "end\n", graceMs: ENDING_MS, timeoutMs: timeoutMs + ENDING_MS };
  const { code } = await remote.probe(command, { env, signal, asRoot: true, ...ending, onLine });
  return code;
}

function cutBy({ remote }: Unit, code: Cut): MaandError {
  return new MaandError({ code, message: `the runner on ${remote.host} was cut off`, worker: remote.host });
}

import type { MaandError, Plugin } from "@maand/core";
import type { OpenedBucket, Tracer } from "@maand/core/internal";
import type { EventReader } from "@maand/core/toolbox";
import type { ProcessContext, Program } from "../context.ts";
import { visibleLines } from "../escape-control.ts";
import { shownError } from "../shown-error.ts";
import type { Style } from "../style.ts";
import { keepDetailsIn } from "../unexpected.ts";

/** The parts of a command that are needed to open a bucket. */
interface Opener {
  readonly from: string;
  readonly config: string | undefined;
  readonly context: ProcessContext & { readonly program: Program };
  progress(): Promise<EventReader>;
  endProgress(): void;
  style(stream: "stdout" | "stderr"): Style;
}

/** Opens the bucket with its plugins, runs a function on it, and closes it. */
export async function withOpenedBucket<T>(
  command: Opener,
  work: (bucket: OpenedBucket) => Promise<T>,
  reader?: EventReader,
  tracer?: Tracer,
): Promise<T> {
  const { from, config, context } = command;
  const core = await import("@maand/core/internal");
  const read = reader ?? (await command.progress());
  const output: Plugin = { name: "output", apply: (hooks) => hooks.event.tap("output", read) };
  const bucket = await core.openBucket({
    from,
    now: context.now,
    signal: context.signal,
    pid: context.pid,
    readers: [output],
    ...(tracer ? { tracer } : {}),
    ...(context.onIdle ? { onIdle: context.onIdle } : {}),
    ...(await context.program.loadOptions(config)),
  });
  const forget = keepDetailsIn(bucket);
  try {
    return await work(bucket);
  } catch (cause) {
    throw core.maskedError(shownError(cause, context), bucket.mask);
  } finally {
    command.endProgress(); // before connections are closed, which may take long
    warnOf(await bucket.close(), command);
    forget();
  }
}

/** Warns about plugins that failed in `dispose`. */
function warnOf(problems: readonly MaandError[], command: Opener): void {
  const { stderr } = command.context;
  const { warn, faint } = command.style("stderr");
  for (const { message, hint } of problems) {
    stderr.write(`${warn("warning:")} ${visibleLines(message)}\n`);
    if (hint !== undefined) stderr.write(`  ${faint("hint:")} ${visibleLines(hint)}\n`);
  }
}

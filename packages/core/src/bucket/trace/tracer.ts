import { isRecord } from "../../domain/checks/validate.ts";
import { unitOf, unitText } from "../watch/tap-unit.ts";
import type { Call, Tapping } from "../watch/tapping.ts";

/** One call to a tap. Times are in milliseconds since the tracer was created. */
export interface TracedCall {
  readonly hook: string;
  readonly plugin: string;
  /** `api@10.0.0.1`, `api`, `10.0.0.1`, or an empty string for the whole run. */
  readonly unit: string;
  readonly startMs: number;
  /** When it ended; undefined while it runs. */
  endMs?: number;
  failed: boolean;
}

/**
 * Measures every call to a tap. Taps are wrapped only in a bucket that was opened with a tracer, so a bucket without a
 * tracer has no overhead.
 */
export class Tracer {
  readonly #calls: TracedCall[] = [];
  readonly #began = performance.now();
  /**
   * The id of the run that the calls belong to. If there were several runs, as with `deploy --build`, it is the id of
   * the last one.
   */
  run: string | undefined;

  /** The calls so far, in the order in which they began. */
  get calls(): readonly Readonly<TracedCall>[] {
    return this.#calls;
  }

  /** Milliseconds since the tracer was created. */
  elapsedMs(): number {
    return performance.now() - this.#began;
  }

  /** Wraps a tap. */
  around(tap: Call, { hook, plugin }: Tapping): Call {
    return (...given) => {
      if (hook === "event") this.#noteRun(given[0]);
      const call: TracedCall = {
        hook,
        plugin,
        unit: unitText(unitOf(given)),
        startMs: this.elapsedMs(),
        failed: false,
      };
      this.#calls.push(call);
      const end = (failed: boolean) => Object.assign(call, { failed, endMs: this.elapsedMs() });
      try {
        const answer = tap(...given);
        if (!(answer instanceof Promise)) end(false);
        else
          answer.then(
            () => end(false),
            () => end(true),
          );
        return answer;
      } catch (cause) {
        end(true);
        throw cause;
      }
    };
  }

  #noteRun(event: unknown): void {
    if (isRecord(event) && event.type === "run.started") this.run = String(event.run);
  }
}

import { isRecord } from "../../domain/checks/validate.ts";
import { unitOf, unitText } from "../watch/tap-unit.ts";
import type { Call, Tapping } from "../watch/tapping.ts";

/** One call of a tap. Times are milliseconds since the tracer was made. */
export interface TracedCall {
  readonly hook: string;
  readonly plugin: string;
  /** `api@10.0.0.1`, `api`, `10.0.0.1`, or an empty text for the whole run. */
  readonly unit: string;
  readonly startMs: number;
  /** When it ended; undefined while it runs. */
  endMs?: number;
  failed: boolean;
}

/**
 * Measures every call of a tap. Only a bucket that is opened with a tracer has its taps wrapped, so that tracing costs nothing
 * elsewhere.
 */
export class Tracer {
  readonly #calls: TracedCall[] = [];
  readonly #began = performance.now();
  /** The id of the run that the calls belong to; the last one if there were several, as with `deploy --build`. */
  run: string | undefined;

  /** The calls so far, in the order in which they began. */
  get calls(): readonly Readonly<TracedCall>[] {
    return this.#calls;
  }

  /** Milliseconds since the tracer was made. */
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

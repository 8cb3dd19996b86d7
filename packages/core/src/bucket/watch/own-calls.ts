import { isRecord } from "../../domain/checks/validate.ts";
import { errorText, MaandError } from "../../errors.ts";
import type { Call, Tapping } from "./tapping.ts";

/** Hooks whose contexts have functions that act on workers and return promises. */
const ACTING_HOOKS: ReadonlySet<string> = new Set([
  "afterBuild",
  "beforeJob",
  "orchestrate",
  "started",
  "promote",
  "verify",
  "stopped",
  "afterJob",
  "command",
  "reconcile",
  "rollout",
  "target",
]);

/** Marks an error that was reported: as an unhandled rejection, in code of a plugin that nothing waits for, it ends nothing. */
const REPORTED = Symbol.for("maand.reported");

/** The tracked functions of these contexts, and of the objects that their `scope` returns. */
const OF_CONTEXT = ["rollOut", "checkHealth", "remote", "once"];
const OF_SCOPE = ["command", "remote", "login", "runTarget"];

/**
 * Wraps a tap so that the calls it makes through its context belong to it. Calls that it does not await are awaited
 * when it ends, even if it fails, so that the engine never continues while they run. If a call fails and the tap
 * ignores its result, the tap fails, or the failure is reported with the plugin's name if the tap failed for another
 * reason. Later calls are refused.
 */
export function withOwnCalls(tap: Call, by: Tapping): Call {
  if (!ACTING_HOOKS.has(by.hook)) return tap;
  return async (...given) => {
    const [context, ...more] = given;
    if (!isRecord(context)) return tap(...given);
    const calls = new TapCalls(by, context.log);
    try {
      const answer = await tap(calls.contextOf(context), ...more);
      await calls.end();
      return answer;
    } catch (cause) {
      stops.get(context)?.(cause);
      await calls.endAfter(cause);
      throw cause;
    } finally {
      calls.close("had returned");
    }
  };
}

const stops = new WeakMap<object, (cause: unknown) => void>();

/** Registers a function that is called if a tap with this context fails, before the calls that it made have ended. */
export function whenTapFails(context: object, stop: (cause: unknown) => void): void {
  stops.set(context, stop);
}

/** The calls that one tap makes through its context. */
class TapCalls {
  readonly #by: Tapping;
  readonly #log: unknown;
  readonly #running = new Set<TapCall>();
  /** In the order in which they failed. */
  readonly #failed: TapCall[] = [];
  readonly #refusals = new WeakSet<object>();
  /** How the tap ended: `had returned`; undefined before. */
  #end: string | undefined;
  #isOver = false;

  constructor(by: Tapping, log: unknown) {
    this.#by = by;
    this.#log = log;
  }

  /** The context with tracked functions. */
  contextOf(context: Readonly<Record<string, unknown>>): object {
    const { scope } = context;
    const own = this.#followed(context, OF_CONTEXT);
    if (typeof scope === "function")
      own.scope = (...given: unknown[]) => {
        const made: unknown = Reflect.apply(scope, context, given);
        return isRecord(made) ? Object.freeze(this.#followed(made, OF_SCOPE)) : made;
      };
    return Object.freeze(own);
  }

  /** Waits for the calls that are still running. Throws the first failure that the tap did not handle. */
  async end(): Promise<void> {
    await this.#settled();
    const [first] = this.#failed.filter((call) => !call.isHandled);
    if (first) throw first.cause;
  }

  /**
   * Call this after the tap failed: refuses further calls, waits for those that are running, and reports their
   * failures.
   */
  async endAfter(cause: unknown): Promise<void> {
    this.close("had failed");
    const late = new Set(this.#running);
    await this.#settled();
    const reported = new Set([cause]);
    for (const call of this.#failed) {
      if (reported.has(call.cause) || this.#isRefusal(call) || (call.isHandled && !late.has(call))) continue;
      reported.add(call.cause);
      this.#report(`${this.#called(call.name)} without waiting for it, and it failed: ${errorText(call.cause)}`);
    }
  }

  /** Refuses all further calls. */
  close(end: string): void {
    this.#end ??= end;
  }

  /** Calls may make other calls before they end. */
  async #settled(): Promise<void> {
    while (this.#running.size > 0) for (const call of [...this.#running]) await call.settled;
    this.#isOver = true;
  }

  #isRefusal({ cause }: TapCall): boolean {
    return cause instanceof MaandError && this.#refusals.has(cause);
  }

  /** A copy of an object with tracked functions. Every call of a tap makes some, so this has no intermediate objects. */
  #followed(owner: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
    const copy = { ...owner };
    for (const name of names) {
      const call = owner[name];
      if (typeof call === "function") copy[name] = (...given: unknown[]) => this.#begin(name, owner, call, given);
    }
    return copy;
  }

  #begin(name: string, owner: object, call: CallableFunction, given: readonly unknown[]): Promise<unknown> {
    if (this.#end !== undefined) return this.#refuse(name, this.#end);
    return this.#follow(name, Promise.resolve(Reflect.apply(call, owner, given)));
  }

  #follow<T>(name: string, work: Promise<T>): Promise<T> {
    if (this.#isOver) return work;
    const call: TapCall = { name, cause: undefined, settled: Promise.resolve(), isHandled: false };
    this.#running.add(call);
    call.settled = work.then(
      () => void this.#running.delete(call),
      (cause: unknown) => {
        this.#running.delete(call);
        this.#failed.push(Object.assign(call, { cause }));
      },
    );
    return ownPromise(
      work,
      () => {
        call.isHandled = true;
      },
      (next) => this.#follow(name, next),
    );
  }

  #refuse(name: string, end: string): Promise<never> {
    const { plugin, hook } = this.#by;
    const message = `${plugin} called ${name} after its tap of ${hook} ${end}, so it was not carried out`;
    const refusal = new MaandError({
      code: "HOOK_FAILED",
      message,
      hint: `await every ${name} in the tap of ${plugin}`,
    });
    const refused = Promise.reject(refusal);
    refused.catch(() => undefined);
    Object.defineProperty(refusal, REPORTED, { value: true });
    this.#refusals.add(refusal);
    this.#report(`${message}; await every ${name} in the tap`);
    return refused;
  }

  #called(name: string): string {
    return `${this.#by.plugin} called ${name} in its tap of ${this.#by.hook}`;
  }

  #report(line: string): void {
    if (typeof this.#log === "function") this.#log(line, { stream: "stderr" });
  }
}

/** A call of a function of the context, or a promise that the tap chained to one. */
interface TapCall {
  readonly name: string;
  /** Why it failed. */
  cause: unknown;
  /** Resolves when it has settled. */
  settled: Promise<void>;
  /** Whether the tap uses its result. */
  isHandled: boolean;
}

/**
 * The promise that a tap gets for a call. It records whether the tap uses its result, as `await` and `Promise.all` do,
 * and the promises chained to it. It is never an unhandled rejection, which would end the process.
 */
function ownPromise<T>(
  work: Promise<T>,
  onHandled: () => void,
  chain: <N>(next: Promise<N>) => Promise<N>,
): Promise<T> {
  work.catch(() => undefined);
  return new Proxy(work, {
    get(target, name, receiver) {
      if (name !== "then") return Reflect.get(target, name, receiver);
      return (onDone: (value: T) => unknown, onFailed: (cause: unknown) => unknown) => {
        onHandled();
        return chain(target.then(onDone, onFailed));
      };
    },
  });
}

import { isRecord } from "../../domain/checks/validate.ts";
import { errorText, MaandError } from "../../errors.ts";
import { MadeCalls } from "./made-calls.ts";
import { type Replacer, viewOf } from "./object-view.ts";
import { begin, type Call, type Outcome, type Tapping } from "./tapping.ts";

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

/**
 * Marks an error that was reported. Such an error does not end the process if it becomes an unhandled rejection in
 * plugin code that nothing awaits.
 */
const REPORTED = Symbol.for("maand.reported");

/** The tracked functions of these contexts, and of the objects that their `scope` returns. */
const OF_CONTEXT: ReadonlySet<string> = new Set(["rollOut", "checkHealth", "remote", "once", "scope"]);
const OF_SCOPE: ReadonlySet<string> = new Set(["command", "remote", "login", "runTarget"]);

/** Begins a call to a tap. */
export type Begin = (args: readonly unknown[], outcome: Outcome) => void;

/**
 * Wraps a tap so that the calls it makes through its context belong to it. When the tap ends, even with an error, calls
 * that it did not await are awaited, so the engine never continues while they run. If a call fails and the tap ignores
 * its result, the tap fails. If the tap has already failed for another reason, the failure of the call is reported with
 * the plugin's name. Later calls are rejected.
 */
export function withOwnCalls(tap: Call, by: Tapping): Begin {
  const isActing = ACTING_HOOKS.has(by.hook);
  return (args, outcome) => {
    const [context, ...more] = args;
    if (!isActing || !isRecord(context)) return begin(tap, args, outcome);
    const calls = new TapCalls(by, context, outcome);
    return begin(tap, [calls.context(), ...more], calls);
  };
}

const stops = new WeakMap<object, (cause: unknown) => void>();

/** Registers a function that is called if a tap with this context fails, before the calls that it made have ended. */
export function whenTapFails(context: object, stop: (cause: unknown) => void): void {
  stops.set(context, stop);
}

/**
 * The calls that one tap makes through its context. Creating the object is cheap for taps that make no calls, which is
 * the usual case.
 */
class TapCalls implements Replacer, Outcome {
  readonly #by: Tapping;
  readonly #context: Readonly<Record<string, unknown>>;
  readonly #outcome: Outcome;
  /** Undefined until the first call. */
  #made: MadeCalls | undefined;
  #refusals: WeakSet<object> | undefined;
  /** How the tap ended, such as `had returned`; undefined while the tap is running. */
  #end: string | undefined;

  constructor(by: Tapping, context: Readonly<Record<string, unknown>>, outcome: Outcome) {
    this.#by = by;
    this.#context = context;
    this.#outcome = outcome;
  }

  /** The context with tracked functions. */
  context(): object {
    return viewOf(this.#context, OF_CONTEXT, this);
  }

  /** Called when the tap has returned. The call to the tap ends when the calls that it made have ended. */
  readonly answered = (answer: unknown): void => {
    if (this.#made) {
      void this.#endAfter(this.#made, answer);
      return;
    }
    this.#close("had returned");
    this.#outcome.answered(answer);
  };

  /** Called when the tap has failed. The call to the tap ends when the calls that it made have ended. */
  readonly failed = (cause: unknown): void => {
    stops.get(this.#context)?.(cause);
    this.#close("had failed");
    const end = () => this.#outcome.failed(cause);
    if (this.#made) this.#reportAfter(this.#made, cause).then(end, end);
    else end();
  };

  /**
   * Waits for the calls that the tap made. If the tap did not handle a failure of a call, the tap fails with the first
   * of these failures.
   */
  async #endAfter(made: MadeCalls, answer: unknown): Promise<void> {
    await made.settled();
    const first = made.failed.find((call) => !call.isHandled);
    if (first) return this.failed(first.cause);
    this.#close("had returned");
    return this.#outcome.answered(answer);
  }

  /** Waits for the calls that are running when the tap has failed, and reports their failures. */
  async #reportAfter(made: MadeCalls, cause: unknown): Promise<void> {
    const late = new Set(made.running);
    await made.settled();
    const reported = new Set([cause]);
    for (const call of made.failed) {
      if (reported.has(call.cause) || this.#isRefusal(call.cause) || (call.isHandled && !late.has(call))) continue;
      reported.add(call.cause);
      this.#report(`${this.#called(call.name)} without awaiting it, and the call failed: ${errorText(call.cause)}`);
    }
  }

  /** Refuses all further calls. */
  #close(end: string): void {
    this.#end ??= end;
  }

  #isRefusal(cause: unknown): boolean {
    return cause instanceof MaandError && this.#refusals?.has(cause) === true;
  }

  /** The function of the context that the tap receives. */
  replace(name: string, call: CallableFunction, owner: object): CallableFunction {
    if (name !== "scope") return (...args: unknown[]) => this.#begin(name, owner, call, args);
    return (...args: unknown[]) => {
      const made: unknown = Reflect.apply(call, owner, args);
      return isRecord(made) ? viewOf(made, OF_SCOPE, this) : made;
    };
  }

  #begin(name: string, owner: object, call: CallableFunction, args: readonly unknown[]): Promise<unknown> {
    if (this.#end !== undefined) return this.#refuse(name, this.#end);
    this.#made ??= new MadeCalls();
    return this.#made.follow(name, Promise.resolve(Reflect.apply(call, owner, args)));
  }

  #refuse(name: string, end: string): Promise<never> {
    const { plugin, hook } = this.#by;
    const message = `${plugin} called ${name} after its ${hook} tap ${end}; the call was rejected`;
    const refusal = new MaandError({
      code: "HOOK_FAILED",
      message,
      hint: `await every ${name} in the tap of ${plugin}`,
    });
    const refused = Promise.reject(refusal);
    refused.catch(() => undefined);
    Object.defineProperty(refusal, REPORTED, { value: true });
    this.#refusals ??= new WeakSet();
    this.#refusals.add(refusal);
    this.#report(`${message}; await every ${name} in the tap`);
    return refused;
  }

  #called(name: string): string {
    return `${this.#by.plugin} called ${name} in its ${this.#by.hook} tap`;
  }

  #report(line: string): void {
    const { log } = this.#context;
    if (typeof log === "function") log(line, { stream: "stderr" });
  }
}

import { isRecord } from "../../domain/checks/validate.ts";
import { MaandError } from "../../errors.ts";
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
]);

/** Functions of these contexts that are followed, and those of what their `scope` returns. */
const OF_CONTEXT = ["rollOut", "checkHealth"];
const OF_SCOPE = ["command", "remote", "runTarget"];

/**
 * A tap whose calls of the functions of its context belong to it. Calls that it does not await are awaited when it returns, so
 * that the engine never continues beside them; one that fails is the failure of the tap. Later calls are refused in the name
 * of the plugin.
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
    } finally {
      calls.close();
    }
  };
}

/** The calls that one tap makes through its context. */
class TapCalls {
  readonly #by: Tapping;
  readonly #log: unknown;
  readonly #pending = new Map<Promise<unknown>, Promise<unknown>>();
  #isOver = false;

  constructor(by: Tapping, log: unknown) {
    this.#by = by;
    this.#log = log;
  }

  /** The context, with functions that are followed. */
  contextOf(context: Readonly<Record<string, unknown>>): object {
    const { scope } = context;
    const followed = this.#followed(context, OF_CONTEXT);
    if (typeof scope !== "function") return Object.freeze({ ...context, ...followed });
    const ownScope = (...given: unknown[]) => {
      const made: unknown = Reflect.apply(scope, context, given);
      return isRecord(made) ? Object.freeze({ ...made, ...this.#followed(made, OF_SCOPE) }) : made;
    };
    return Object.freeze({ ...context, ...followed, scope: ownScope });
  }

  /** Waits for the calls that are still running. Throws the first failure among them. */
  async end(): Promise<void> {
    let failure: { readonly cause: unknown } | undefined;
    while (this.#pending.size > 0)
      for (const [call, returned] of [...this.#pending]) {
        returned.catch(() => undefined); // nothing else listens to a call that is not awaited
        await call.catch((cause: unknown) => {
          failure ??= { cause };
        });
        this.#pending.delete(call);
      }
    if (failure) throw failure.cause;
  }

  /** Refuses all further calls. */
  close(): void {
    this.#isOver = true;
  }

  #followed(owner: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, Call> {
    return Object.fromEntries(
      names.flatMap((name): [string, Call][] => {
        const call = owner[name];
        return typeof call === "function" ? [[name, (...given) => this.#follow(name, owner, call, given)]] : [];
      }),
    );
  }

  #follow(name: string, owner: object, call: CallableFunction, given: readonly unknown[]): Promise<unknown> {
    if (this.#isOver) return this.#refuse(name);
    const made = Promise.resolve(Reflect.apply(call, owner, given));
    const returned = made.then((answer: unknown) => answer);
    this.#pending.set(made, returned);
    const forget = () => void this.#pending.delete(made);
    made.then(forget, forget);
    return returned;
  }

  #refuse(name: string): Promise<never> {
    const { plugin, hook } = this.#by;
    const message = `${plugin} called ${name} after its tap of ${hook} had returned, so it was not carried out`;
    const refused = Promise.reject(
      new MaandError({ code: "HOOK_FAILED", message, hint: `await every ${name} in the tap of ${plugin}` }),
    );
    refused.catch(() => undefined);
    if (typeof this.#log === "function") this.#log(`${message}; await every ${name} in the tap`, { stream: "stderr" });
    return refused;
  }
}

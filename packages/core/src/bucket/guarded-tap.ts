import { lineOf } from "../config/thrown-at.ts";
import { isRecord } from "../domain/checks/validate.ts";
import { errorText, isMaandError, MaandError } from "../errors.ts";
import { isAnswered } from "../plugin-api/hooks.ts";
import { type BackPressure, setBackPressure } from "../remote/back-pressure.ts";
import { inPlace } from "./plugin-hooks.ts";
import { withOwnCalls } from "./watch/own-calls.ts";
import type { TapWatch } from "./watch/tap-watch.ts";
import type { Call, Tapping } from "./watch/tapping.ts";

/**
 * Wraps a tap of an asynchronous hook that was added with `tap`, `tapPromise` or `tapAsync`. The tap is awaited, its
 * errors without a code are marked with its plugin and hook, and an invalid return value is an error. The wrapped tap
 * never throws. Add the wrapped tap with `tapAsync`, because a hook needs fewer promises for callbacks.
 */
export function waitingTap(
  tap: { readonly type: string; readonly fn: Call },
  hook: object,
  by: Tapping,
  watch: TapWatch,
): Call {
  const start = withOwnCalls(tap.type === "async" ? promised(tap.fn) : tap.fn, by);
  const refusal = answersOf(hook, by.hook);
  const check = (answer: unknown, context: unknown) => {
    if (answer !== undefined && refusal?.fits(answer) === false) throw new Error(wrong(answer, refusal.wanted));
    if (by.hook === "connect") {
      refuseElsewhere(answer, context);
      keepBackPressure(answer, context);
    }
    if (answer !== undefined && isObject(context)) answeredHooks.set(context, by.plugin);
  };
  return (...all) => {
    const ended = endOf(all.pop());
    const failed = (cause: unknown) => ended(stamp(cause, by));
    const answered = (answer: unknown) => {
      try {
        check(answer, all[0]);
      } catch (cause) {
        return failed(cause);
      }
      return ended(null, answer);
    };
    start(all, watch.begin({ by, args: all, outcome: { answered, failed } }));
  };
}

/** The callback that a hook passes to an asynchronous tap as the last argument. */
type Ended = (failure: MaandError | null, answer?: unknown) => void;

function endOf(last: unknown): Ended {
  return isEnded(last) ? last : () => undefined;
}

function isEnded(last: unknown): last is Ended {
  return typeof last === "function";
}

const answeredHooks = new WeakMap<object, string>();

/** The plugin whose tap returned a value when a hook was called with this context; undefined if there is none. */
export function answeredBy(context: object): string | undefined {
  return answeredHooks.get(context);
}

/** Wraps a tap of a synchronous hook. */
export function instantTap(call: Call, by: Tapping): Call {
  return (...args) => {
    try {
      const answer = call(...args);
      if (!(answer instanceof Promise)) return answer;
      answer.catch(() => undefined);
      throw new Error("it is asynchronous, and this hook does not wait; write it without async");
    } catch (cause) {
      throw stamp(cause, by);
    }
  };
}

/** An error with a code already states what happened and where. Any other error is a bug in the plugin. */
function stamp(cause: unknown, { plugin, hook, directory, registered }: Tapping): MaandError {
  if (isMaandError(cause)) return cause;
  const place = directory === undefined ? undefined : (lineOf(cause, directory) ?? lineOf(registered, directory));
  return new MaandError({
    code: "HOOK_FAILED",
    message: `${plugin} failed in ${hook}${inPlace(place)}: ${errorText(cause)}`,
    hint: `fix plugin "${plugin}", or take it out of the configuration`,
    cause,
  });
}

/** Converts a callback tap to one that returns a promise. */
export function promised(tap: Call): Call {
  return (...args) =>
    new Promise((resolve, reject) => {
      tap(...args, (cause: unknown, answer: unknown) => (cause ? reject(cause) : resolve(answer)));
    });
}

interface Answers {
  readonly wanted: string;
  fits(answer: unknown): boolean;
}

/** The valid return values of a hook other than undefined; undefined if its return values are not checked. */
function answersOf(hook: object, name: string): Answers | undefined {
  if (name === "connect") return { wanted: "a Remote", fits: (answer) => isObject(answer) && "exec" in answer };
  if (name === "render")
    return { wanted: "a tree, { files }", fits: (answer) => isRecord(answer) && Array.isArray(answer.files) };
  if (name === "inventory")
    return { wanted: "an inventory, { metadata, jobs }", fits: (answer) => isObject(answer) && "jobs" in answer };
  if (name === "resolveSecrets") return { wanted: "a Map of values", fits: (answer) => answer instanceof Map };
  if (name === "inspect")
    return {
      wanted: "an inspection, { exists, metadata, jobs }",
      fits: (answer) => isObject(answer) && "jobs" in answer,
    };
  if (name === "runOnce" || name === "runOnWorker")
    return { wanted: "the result of the command", fits: (answer) => isObject(answer) && "code" in answer };
  if (name === "identify" || name === "login" || !isAnswered(hook)) return undefined;
  return { wanted: '"done"', fits: (answer) => answer === "done" };
}

function wrong(answer: unknown, wanted: string): string {
  return `it returned ${errorText(answer)}; it must return ${wanted}, or nothing`;
}

/**
 * Refuses a Remote whose root differs from the root of the context. Only `locate` may change the root, because
 * templates and plans need the path before there is a connection.
 */
function refuseElsewhere(answer: unknown, context: unknown): void {
  if (!isRecord(context) || !isObject(answer) || !("root" in answer) || answer.root === context.root) return;
  if ("close" in answer && typeof answer.close === "function") Promise.resolve(answer.close()).catch(() => undefined);
  throw new Error(
    `its Remote has the root ${errorText(answer.root)}, but the root of the worker is ${errorText(context.root)}; use root of the context, and tap locate to change it`,
  );
}

function keepBackPressure(answer: unknown, context: unknown): void {
  if (!isObject(answer) || !isRecord(context)) return;
  const { backPressure } = context;
  if (isBackPressure(backPressure)) setBackPressure(answer, backPressure);
}

function isBackPressure(value: unknown): value is BackPressure {
  return typeof value === "function";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

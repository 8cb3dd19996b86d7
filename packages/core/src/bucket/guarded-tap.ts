import { isRecord } from "../domain/checks/validate.ts";
import { errorText, isMaandError, MaandError } from "../errors.ts";
import { isAnswered } from "../plugin-api/hooks.ts";

/** A tap's function, whatever it is given. */
export type Call = (...given: unknown[]) => unknown;

/** Whose tap of which hook is called. */
export interface Tapping {
  readonly plugin: string;
  readonly hook: string;
}

/**
 * A tap of a hook that waits, as tapable is to call it: tapped with `tap`, `tapPromise` or `tapAsync`, it is waited for,
 * whatever it throws is stamped with its plugin and hook, and an answer that is none is refused in its name.
 */
export function waitingTap(tap: { readonly type: string; readonly fn: Call }, hook: object, by: Tapping): Call {
  const call: Call = tap.type === "async" ? awaited(tap.fn) : tap.fn;
  const refusal = answersOf(hook, by.hook);
  return async (...given) => {
    try {
      const answer = await call(...given);
      if (answer !== undefined && refusal?.fits(answer) === false) throw new Error(wrong(answer, refusal.wanted));
      return answer;
    } catch (cause) {
      throw stamp(cause, by);
    }
  };
}

/** A tap of a hook that does not wait. */
export function instantTap(call: Call, by: Tapping): Call {
  return (...given) => {
    try {
      const answer = call(...given);
      if (!(answer instanceof Promise)) return answer;
      answer.catch(() => undefined);
      throw new Error("it is asynchronous, and this hook does not wait; write it without async");
    } catch (cause) {
      throw stamp(cause, by);
    }
  };
}

/** Errors with a code already say what happened where; anything else is the plugin's own mistake. */
export function stamp(cause: unknown, { plugin, hook }: Tapping): MaandError {
  if (isMaandError(cause)) return cause;
  return new MaandError({ code: "HOOK_FAILED", message: `${plugin} failed in ${hook}: ${errorText(cause)}`, cause });
}

/** A tap that calls back, as one that is waited for. */
function awaited(tap: Call): Call {
  return (...given) =>
    new Promise((resolve, reject) => {
      tap(...given, (cause: unknown, answer: unknown) => (cause ? reject(cause) : resolve(answer)));
    });
}

interface Answers {
  readonly wanted: string;
  fits(answer: unknown): boolean;
}

/** What a hook may be answered with beside nothing; undefined where answers are nobody's concern. */
function answersOf(hook: object, name: string): Answers | undefined {
  if (name === "connect") return { wanted: "a Remote", fits: (answer) => isObject(answer) && "exec" in answer };
  if (name === "render")
    return { wanted: "a tree, { files }", fits: (answer) => isRecord(answer) && Array.isArray(answer.files) };
  if (name === "identify" || !isAnswered(hook)) return undefined;
  return { wanted: '"done"', fits: (answer) => answer === "done" };
}

function wrong(answer: unknown, wanted: string): string {
  return `it answered ${errorText(answer)}; an answer is ${wanted}, or nothing`;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

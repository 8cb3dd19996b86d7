/** The function of a tap, with any arguments. */
export type Call = (...args: unknown[]) => unknown;

/** The plugin and hook of a tap. */
export interface Tapping {
  readonly plugin: string;
  readonly hook: string;
  /** The bucket's directory: an error in one of its files is reported with its line. */
  readonly directory?: string | undefined;
  /** Created where the plugin tapped the hook. Its stack is used only for an error that was thrown elsewhere. */
  readonly registered?: Error;
  /** The timeout that the tap declares, or a function that returns it for a context. */
  readonly limitMs?: unknown;
}

/** Receives the result of a call to a tap: one of these functions is called. They do not throw or use `this`. */
export interface Outcome {
  readonly answered: (answer: unknown) => void;
  readonly failed: (cause: unknown) => void;
}

/** Calls a tap, synchronous or not. */
export function begin(tap: Call, args: readonly unknown[], { answered, failed }: Outcome): void {
  let begun: unknown;
  try {
    begun = tap(...args);
  } catch (cause) {
    failed(cause);
    return;
  }
  if (isPromise(begun)) begun.then(answered, failed);
  else answered(begun);
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** Every notification is given up after this time, so that no run waits for one that hangs. */
export const LIMIT_MS = 10_000;

/** Makes the error of one notification. */
export type Failing = (reason: string) => Error;

/** Errors that name the kind of notification. */
export function failing(kind: string): Failing {
  return (reason) => new Error(`${kind}: ${reason}`);
}

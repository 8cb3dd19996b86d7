/** The time limit of a notification, so that no run waits for a notification that hangs. */
export const LIMIT_MS = 10_000;

/** Creates the error of one notification. */
export type Failing = (reason: string) => Error;

/** Creates errors that name the kind of notification. */
export function failing(kind: string): Failing {
  return (reason) => new Error(`${kind}: ${reason}`);
}

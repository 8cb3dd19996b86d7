import type { BackPressure } from "../../remote/back-pressure.ts";

/** Readers of lines that are behind until `catchUp` is called. */
export interface SlowReaders {
  readonly backPressure: BackPressure;
  /** Resolves when a command waits for the readers. */
  readonly behind: Promise<void>;
  catchUp(): void;
}

/** Readers that are behind from the beginning. */
export function slowReaders(): SlowReaders {
  let onBehind = () => {};
  let catchUp = () => {};
  const behind = new Promise<void>((resolve) => {
    onBehind = resolve;
  });
  let waiting: Promise<void> | undefined = new Promise<void>((resolve) => {
    catchUp = resolve;
  });
  return {
    behind,
    backPressure() {
      if (waiting) onBehind();
      return waiting;
    },
    catchUp() {
      waiting = undefined;
      catchUp();
    },
  };
}

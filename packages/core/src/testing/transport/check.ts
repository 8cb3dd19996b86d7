import type { Trial } from "./trial.ts";

/** One promise that a transport keeps. */
export interface TransportCheck {
  /** Its name in `limits`. */
  readonly id: string;
  /** The promise, as a sentence. */
  readonly promise: string;
  /** What this check needs from `open`. */
  readonly needs?: "cut" | "unreachable";
  /** Throws if the transport breaks it. */
  run(trial: Trial): Promise<void>;
}

import type { Trial } from "./trial.ts";

/** One guarantee of a transport. */
export interface TransportCheck {
  /** The key of the check in `limits`. */
  readonly id: string;
  /** The guarantee, as a sentence. */
  readonly guarantee: string;
  /** The part of the result of `open` that this check needs. */
  readonly needs?: "cut" | "unreachable";
  /** Throws if the transport breaks the guarantee. */
  run(trial: Trial): Promise<void>;
}

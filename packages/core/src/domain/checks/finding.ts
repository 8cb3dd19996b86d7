/** One thing that was looked at, and how it is (`maand doctor`). */
export interface Finding {
  /** What was looked at, one word: `permissions`, `host_key`. */
  readonly check: string;
  /** A path in the bucket, a worker, or `this machine`. */
  readonly where: string;
  readonly ok: boolean;
  readonly message: string;
  /**
   * How to mend it: a line for a shell, as it is to be typed, with what a person should know behind a `#`. A line of
   * which that is all says what no command can do.
   */
  readonly hint: string | null;
}

/** Something that is as it should be. */
export function sound(check: string, where: string, message: string): Finding {
  return { check, where, ok: true, message, hint: null };
}

/** Something that is wrong, with the line that mends it. */
export function fault(check: string, where: string, message: string, hint: string): Finding {
  return { check, where, ok: false, message, hint };
}

/** What a problem says, as a finding: its hint is words, so they stand behind a `#`. */
export function faultOf(check: string, where: string, message: string, hint: string | undefined): Finding {
  return { check, where, ok: false, message, hint: hint === undefined ? null : `# ${hint}` };
}

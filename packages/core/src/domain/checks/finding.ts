/** The result of one check of `maand doctor`. */
export interface Finding {
  /** The check, in one word: `permissions`, `host_key`. */
  readonly check: string;
  /** A path in the bucket, a worker, or `this machine`. */
  readonly where: string;
  readonly ok: boolean;
  readonly message: string;
  /** How to fix it: a shell command, with comments after `#`. A hint that begins with `#` describes a manual step. */
  readonly hint: string | null;
}

/** A check that passed. */
export function sound(check: string, where: string, message: string): Finding {
  return { check, where, ok: true, message, hint: null };
}

/** A check that failed, with the command that fixes it. */
export function fault(check: string, where: string, message: string, hint: string): Finding {
  return { check, where, ok: false, message, hint };
}

/** A problem as a finding; its hint becomes a comment after `#`. */
export function faultOf(check: string, where: string, message: string, hint: string | undefined): Finding {
  return { check, where, ok: false, message, hint: hint === undefined ? null : `# ${hint}` };
}

/**
 * POST /api/actions : the first request has no `confirm`, and returns 200 with a ConfirmAnswer. The second request
 * contains the token, and returns 202.
 */
export type ActionRequest = (
  | { readonly verb: "deploy"; readonly plan: string }
  | { readonly verb: "rollback"; readonly job: string; readonly to?: string }
  /**
   * `interrupt` is like Ctrl-C for the command that holds the lock: it stops cleanly, and the next deploy continues.
   */
  | { readonly verb: "pause"; readonly action: "interrupt" }
  | { readonly verb: "pause"; readonly action: "resume" | "abort"; readonly job: string }
  | {
      readonly verb: "maintain";
      readonly action: "begin";
      readonly workers: readonly string[];
      readonly reboot: boolean;
      readonly keep_drained: boolean;
      /** The number of workers in parallel; default 1. */
      readonly concurrency?: number;
    }
  | { readonly verb: "maintain"; readonly action: "resume" | "abort" }
) & { readonly confirm?: string };

/** What will happen, in the words of the confirmation on a terminal. */
export interface ConfirmAnswer {
  readonly confirm: {
    /** A sentence about what exactly will happen, with numbers. */
    readonly text: string;
    /** One line for each part. */
    readonly items: readonly string[];
    /** The command line that does the same. */
    readonly command: string;
    /** Valid once, for exactly this action, for five minutes. */
    readonly token: string;
  };
}

/**
 * 202: the command is running. `run` is the id of its record, or null if it has no record yet (the stream reports it
 * later).
 */
export interface StartedAnswer {
  readonly started: { readonly command: string; readonly run: string | null };
}

/**
 * GET /api/actions : actions that were started here and ended without a record, such as a refused plan; newest first.
 */
export interface ActionsAnswer {
  readonly actions: readonly {
    readonly command: string;
    readonly started_at: string;
    /** Null while it is running. */
    readonly exit: number | null;
    readonly run: string | null;
    /** The error of a refusal or failure. */
    readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  }[];
}

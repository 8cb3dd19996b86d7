/** POST /api/actions : first without `confirm`, which answers 200 with a ConfirmAnswer; then with its token, which answers 202. */
export type ActionRequest = (
  | { readonly verb: "deploy"; readonly plan: string }
  | { readonly verb: "rollback"; readonly job: string; readonly to?: string }
  /** `interrupt` is Ctrl-C for the command that holds the lock: it stops in order, and the next deploy continues. */
  | { readonly verb: "pause"; readonly action: "interrupt" }
  | { readonly verb: "pause"; readonly action: "resume" | "abort"; readonly job: string }
  | {
      readonly verb: "maintain";
      readonly action: "begin";
      readonly workers: readonly string[];
      readonly reboot: boolean;
      readonly keep_drained: boolean;
      /** Workers at a time; default 1. */
      readonly concurrency?: number;
    }
  | { readonly verb: "maintain"; readonly action: "resume" | "abort" }
) & { readonly confirm?: string };

/** What is about to happen, in the words of the confirmation on a terminal. */
export interface ConfirmAnswer {
  readonly confirm: {
    /** A sentence: what exactly, how many. */
    readonly text: string;
    /** One line for each part. */
    readonly items: readonly string[];
    /** The command line that does the same. */
    readonly command: string;
    /** Good once, for exactly this action, for five minutes. */
    readonly token: string;
  };
}

/** 202: it runs. `run` is the id of its record, or null if it has none yet (the stream wakes when it has). */
export interface StartedAnswer {
  readonly started: { readonly command: string; readonly run: string | null };
}

/** GET /api/actions : what was started here and ended without a record, such as a refused plan; newest first. */
export interface ActionsAnswer {
  readonly actions: readonly {
    readonly command: string;
    readonly started_at: string;
    /** Null while it runs. */
    readonly exit: number | null;
    readonly run: string | null;
    /** Of a refusal or failure. */
    readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  }[];
}

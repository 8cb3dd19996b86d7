/** A row of `cases.json`: one call of a library function, by its Python name, and all that is to come of it. */
export interface LibraryCase {
  readonly name: string;
  readonly call: string;
  readonly args: readonly unknown[];
  /** Keyword arguments in Python, a last object in TypeScript. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Over the environment of {@link HOOK_ENV}; null takes a variable away. */
  readonly env?: Readonly<Record<string, string | null>>;
  /** What maand is asked. */
  readonly asks: readonly ApiRequest[];
  /** What it answers, in order: null never does, "cut" closes the connection. */
  readonly answers?: readonly (Answer | "cut" | null)[];
  readonly gives?: unknown;
  /** Its `message` is how the message begins. */
  readonly raises?: Readonly<Record<string, unknown>> & { readonly message: string };
}

export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** What a job command finds in its environment, beside where maand listens. */
export const HOOK_ENV = {
  ALLOCATION_ID: "alloc-1",
  ALLOCATION_IP: "10.0.0.1",
  ALLOCATION_INDEX: "2",
  JOB: "api",
  EVENT: "pre_deploy",
  COMMAND: "command_lead",
  DISABLED: "0",
};

/** A row of `cases.json`: one call of a library function, by its Python name, and its expected effects. */
export interface LibraryCase {
  readonly name: string;
  readonly call: string;
  readonly args: readonly unknown[];
  /** Keyword arguments in Python, a last object in TypeScript. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Replaces variables of {@link HOOK_ENV}; null removes a variable. */
  readonly env?: Readonly<Record<string, string | null>>;
  /** The expected requests to maand. */
  readonly requests: readonly ApiRequest[];
  /** The responses of maand in order. With null, maand never responds; with "cut", it closes the connection. */
  readonly answers?: readonly (Answer | "cut" | null)[];
  readonly returns?: unknown;
  /** The expected error. `message` is the beginning of its message. */
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

/** The environment of a job command, without the address of maand. */
export const HOOK_ENV = {
  ALLOCATION_ID: "alloc-1",
  ALLOCATION_IP: "10.0.0.1",
  ALLOCATION_INDEX: "2",
  JOB: "api",
  EVENT: "pre_deploy",
  COMMAND: "command_lead",
  DISABLED: "0",
};

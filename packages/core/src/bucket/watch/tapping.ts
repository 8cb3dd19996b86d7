/** The function of a tap, with any arguments. */
export type Call = (...given: unknown[]) => unknown;

/** The plugin and hook of a tap. */
export interface Tapping {
  readonly plugin: string;
  readonly hook: string;
  /** The bucket's directory: an error in one of its files is reported with its line. */
  readonly directory?: string | undefined;
  /** Created where the plugin tapped the hook; its stack is used only for an error that was thrown elsewhere. */
  readonly registered?: Error;
  /** The time limit that the tap declares, or a function of its context that returns it. */
  readonly limitMs?: unknown;
}

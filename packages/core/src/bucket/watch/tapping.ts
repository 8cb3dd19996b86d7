/** The function of a tap, with any arguments. */
export type Call = (...given: unknown[]) => unknown;

/** The plugin and hook of a tap. */
export interface Tapping {
  readonly plugin: string;
  readonly hook: string;
  /** The bucket's directory: an error in one of its files comes with its line. */
  readonly directory?: string | undefined;
  /** Made where the plugin tapped the hook; its stack is read only for an error that comes from elsewhere. */
  readonly registered?: Error;
  /** The time limit that the tap declares, or a function of its context that returns it. */
  readonly limitMs?: unknown;
}

import type { MaandError, PluginErrorCode } from "../../errors.ts";
import type { PluginState, StateEntries } from "./plugin-state.ts";
import type { Service } from "./services.ts";

/** What an error of a plugin may say besides its message. */
export interface PluginErrorOptions {
  /** What to do next, as a command or a sentence. */
  readonly hint?: string;
  /** The worker concerned, if any. */
  readonly worker?: string;
  /** The command was refused before it changed anything: it exits with 2 instead of 1. */
  readonly refused?: boolean;
  readonly cause?: unknown;
}

/** What `apply` receives besides the hooks: what the plugin may use in its own name. */
export interface PluginTools {
  /**
   * Makes an error with a code of the plugin's own, to be thrown: `throw error("NO_TOKEN", "no token is set")` has the code
   * `acme/NO_TOKEN`. The code is in capital letters.
   */
  error(code: string, message: string, options?: PluginErrorOptions): MaandError & { readonly code: PluginErrorCode };
  /** A service of another plugin; the plugin names it in its `needs`. */
  use<T>(service: Service<T>): T;
  /**
   * What the plugin keeps between runs, in the store of the bucket: small JSON values by key, each checked by a schema. It can
   * be read and written once a hook is called. It is not encrypted: keep no secrets in it.
   */
  state<const Entries extends StateEntries>(entries: Entries): PluginState<Entries>;
}

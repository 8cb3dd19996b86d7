import type { MaandError, PluginErrorCode } from "../../errors.ts";
import type { PluginState, StateEntries } from "./plugin-state.ts";
import type { Service } from "./services.ts";

/** Optional parts of a plugin's error, besides its message. */
export interface PluginErrorOptions {
  /** What to do next, as a command or a sentence. */
  readonly hint?: string;
  /** The worker concerned, if any. */
  readonly worker?: string;
  /** The command was refused before it changed anything: it exits with 2 instead of 1. */
  readonly refused?: boolean;
  readonly cause?: unknown;
}

/** What `apply` receives besides the hooks: tools that act on behalf of the plugin. */
export interface PluginTools {
  /**
   * Creates an error with the plugin's own code, to be thrown: `throw error("NO_TOKEN", "no token is set")` has the
   * code `acme/NO_TOKEN`. The code is in capital letters.
   */
  error(code: string, message: string, options?: PluginErrorOptions): MaandError & { readonly code: PluginErrorCode };
  /** Returns a service of another plugin, which this plugin declares in its `needs`. */
  use<T>(service: Service<T>): T;
  /**
   * The state of the plugin between runs, in the store of the bucket: small JSON values by key, each checked by a
   * schema. It can be read and written from the first hook call on. It is not encrypted, so do not keep secrets in it.
   */
  state<const Entries extends StateEntries>(entries: Entries): PluginState<Entries>;
}

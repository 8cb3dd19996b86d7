import type { ConnectContext } from "../../plugin-api/base-contexts.ts";
import type { Plugin } from "../../plugin-api/plugin.ts";

/** A worker for testing a transport, and what the checks may do to it. */
export interface OpenedTransport {
  /** The plugins of a configuration. The first plugin whose `connect` hook returns a remote is checked. */
  readonly plugins: Plugin | readonly Plugin[];
  /** The context of the `connect` hook for a reachable worker: see `connectContext`. */
  readonly context: ConnectContext;
  /** The same for a worker that cannot be reached. Without it, declare the limit `unreachable`. */
  readonly unreachable?: ConnectContext;
  /**
   * Cuts every connection to the worker from outside; the worker must accept new ones immediately. Without it, declare
   * the limit `cut`.
   */
  cut?(): Promise<void>;
  /** Releases what `open` created; called once, at the end. */
  close?(): Promise<void> | void;
}

/** A transport for the checks. */
export interface TransportUnderTest {
  /** Prepares a worker; called once, before the first check. */
  open(): Promise<OpenedTransport> | OpenedTransport;
  /**
   * What the transport cannot do: the id of a check, and why. Such a check still runs if possible, and fails if the
   * transport meets the guarantee after all.
   */
  readonly limits?: Readonly<Record<string, string>>;
}

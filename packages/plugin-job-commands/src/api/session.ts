import type { AllocationScope, KvSession, ScopedJobContext } from "@maand/core";
import type { CommandEvent } from "../events.ts";
import type { Semaphores } from "./semaphores.ts";

/** The process that a token belongs to: one command, for one event and one allocation. */
export interface Session {
  readonly context: ScopedJobContext;
  readonly scope: AllocationScope;
  readonly event: CommandEvent;
  readonly command: string;
  readonly kv: KvSession;
  readonly semaphores: Semaphores;
}

/** One request, for a route. */
export interface Call {
  readonly session: Session;
  /** The parameters, from query and body. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Aborts when the client disconnects or its process ends. */
  readonly signal: AbortSignal;
}

/** Handles a call; returns a value for JSON, or nothing. */
export type Route = (call: Call) => unknown;

/** Routes by path and method. */
export type Routes = Readonly<Record<string, Readonly<Record<string, Route>>>>;

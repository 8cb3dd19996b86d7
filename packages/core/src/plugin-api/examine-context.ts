import type { Finding } from "../domain/checks/finding.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import type { RunContext } from "./base-contexts.ts";

/** `examine`: somebody asked what is wrong. Look, and change nothing. */
export interface ExamineContext extends RunContext {
  /** The clock; a tap reads none of its own. */
  now(): Date;
  /** Workers of the catalog, by position; none before the first build. */
  readonly workers: readonly Worker[];
  /** Asks for a program on this machine; whether it is there is looked up and told. */
  needs(tool: string): void;
  /** Tells one thing that was looked at, be it well or not. */
  report(finding: Finding): void;
}

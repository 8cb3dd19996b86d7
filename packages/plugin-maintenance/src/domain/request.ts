import { PHASES, type Phase } from "@maand/core/readonly";
import type { FailureLimit } from "./failure-limit.ts";

/** The maintenance work for each worker, as requested and stored. */
export interface MaintenanceRequest {
  /** A bash script to run while the worker is drained; absent: none. */
  readonly command?: string;
  /** Whether each worker is rebooted. */
  readonly reboot: boolean;
  /** Whether the jobs remain stopped until the maintenance is resumed or aborted. */
  readonly keepDrained: boolean;
  /** The number of workers in maintenance at the same time, at least 1. */
  readonly concurrency: number;
  readonly onFailure: FailureLimit;
  /** How long a rebooted worker may take to be back, in milliseconds. */
  readonly returnMs: number;
  /** How long the command may take, in milliseconds. */
  readonly commandMs: number;
}

/** Parses a stored request. */
export function readRequest(stored: string): MaintenanceRequest {
  return JSON.parse(stored);
}

/** The phases that a request has, in order. */
export function phasesOf({ command, reboot, keepDrained }: MaintenanceRequest): readonly Phase[] {
  const has: Readonly<Record<Phase, boolean>> = {
    drain: true,
    command: command !== undefined,
    reboot,
    start: !keepDrained,
  };
  return PHASES.filter((phase) => has[phase]);
}

/** The phase after a phase; undefined after the last phase. */
export function phaseAfter(request: MaintenanceRequest, phase: Phase): Phase | undefined {
  return phasesOf(request).find((next) => PHASES.indexOf(next) > PHASES.indexOf(phase));
}

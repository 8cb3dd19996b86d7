import { EXIT, type MaandCommand } from "@maand/command";
import type { MaintenanceReport } from "../conduct.ts";

/**
 * Prints the result of a maintenance run with `--json`. Without it, the events have already printed the result. Returns
 * the exit code.
 */
export function report(
  command: MaandCommand,
  { number, outcome, isOver, workers, message }: MaintenanceReport,
): number {
  if (command.json)
    command.printJson({
      ...{ number, outcome, is_over: isOver, message: message ?? null },
      workers: workers.map(({ host, state, phase, since, message: why = null }) => ({
        worker_ip: host,
        ...{ state, step: phase, since, message: why },
      })),
    });
  if (outcome === "interrupted") return EXIT.interrupted;
  const isClean = outcome === "aborted" ? message === undefined && isOver : outcome === "ok";
  return isClean ? EXIT.ok : EXIT.failed;
}

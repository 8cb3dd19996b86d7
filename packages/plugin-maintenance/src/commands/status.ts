import { Command } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import { type MaintenanceView, openMaintenance, type Store } from "@maand/core/readonly";
import { phasesOf, readRequest } from "../domain/request.ts";

/** `maand maintain status`. */
export class MaintainStatusCommand extends StoredCommand {
  static override paths = [["maintain", "status"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "show the maintenance in progress",
    details:
      "`waiting`: nothing has been done yet. `under way`: the step in the column is running or was interrupted. `set aside`: the step failed. `drained`: only the start of its jobs is left. `stopped` lists the jobs that the maintenance stopped and has not started again.",
    examples: [
      ["Show the progress", "maand maintain status"],
      ["For a program", "maand maintain status --json"],
    ],
  });

  override show(store: Store): number {
    const open = openMaintenance(store);
    if (this.json) this.printJson(open ? record(open) : null);
    else if (!open) this.print("no maintenance is in progress");
    else {
      this.printTable(COLUMNS, open.workers.map(row));
      for (const { host, message } of open.workers) if (message !== undefined) this.print(`${host}: ${message}`);
      this.print(open.text);
    }
    return 0;
  }
}

const COLUMNS = [
  "worker ip",
  "state",
  "step",
  { name: "since", leave: 1 },
  { name: "stopped", least: 8, leave: 2 },
] as const;

function row({ host, state, phase, since, stopped }: MaintenanceView["workers"][number]): string[] {
  const step = state === "under_way" || state === "set_aside" ? phase : "";
  return [host, state.replace("_", " "), step, since.slice(0, 16).replace("T", " "), stopped.join(",")];
}

function record({ number, request: stored, shownCommand, startedAt, startedBy, pid, workers }: MaintenanceView) {
  const request = readRequest(stored);
  return {
    ...{ number, started_at: startedAt, started_by: startedBy, pid: pid ?? null },
    ...{ steps: phasesOf(request), command: shownCommand ?? null },
    ...{ concurrency: request.concurrency, on_failure: request.onFailure },
    workers: workers.map(({ host, state, phase, since, stopped, message = null }) => ({
      worker_ip: host,
      ...{ state, step: phase, since, stopped, message },
    })),
  };
}

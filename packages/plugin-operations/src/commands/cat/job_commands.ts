import { Command } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import type { Store } from "@maand/core/readonly";

/** `maand cat job_commands`: one row for each event that runs a command. */
export class JobCommandsCommand extends StoredCommand {
  static override paths = [
    ["cat", "job_commands"],
    ["cat", "job-commands"],
  ];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "list job commands with their events and demands",
    examples: [
      ["All of them", "maand cat job_commands"],
      ["With the configuration of demands", "maand cat job_commands --json"],
    ],
  });

  override show(store: Store): number {
    const rows = store.catalog.read().jobs.flatMap((job) =>
      job.commands.flatMap(({ name, executedOn, once, demands }) =>
        executedOn.map((event) => ({
          job: job.name,
          command_name: name,
          executed_on: event,
          once: once === true,
          demand_job: demands?.job ?? null,
          demand_command: demands?.command ?? null,
          demand_config: demands?.config ?? {},
        })),
      ),
    );
    if (this.json) this.printJson(rows);
    else {
      const columns = [
        "job",
        "command_name",
        "executed_on",
        { name: "runs", dropOrder: 4 },
        { name: "demand_job", dropOrder: 3 },
        { name: "demand_command", dropOrder: 2 },
        { name: "demand_config", minWidth: 13, dropOrder: 1 },
      ];
      const cells = rows.map((row) => [
        row.job,
        row.command_name,
        row.executed_on,
        row.once ? "once" : "for each",
        row.demand_job ?? "",
        row.demand_command ?? "",
        JSON.stringify(row.demand_config),
      ]);
      this.printTable(columns, cells);
    }
    return 0;
  }
}

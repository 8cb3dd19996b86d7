import type { MaandCommand } from "@maand/command";
import type { OpenedBucket, Plan } from "@maand/core/internal";
import { planLines, planRecord } from "./plan.ts";

/** Prints the plan of a dry run, as JSON if the command has `--json`; `title` names the operation. */
export function showPlan(command: MaandCommand, bucket: OpenedBucket, plan: Plan, title: string): void {
  const { stdout } = command.context;
  if (!command.json) {
    const columns = stdout.isTTY === true ? stdout.columns : undefined;
    for (const line of planLines(plan, command.style("stdout"), columns, title)) command.print(line);
    return;
  }
  const recorded = bucket.store.promoted.recorded();
  const promoted = (id: string) => recorded.get(id)?.promoted;
  const record = planRecord(
    plan,
    (id) => promoted(id)?.digest ?? null,
    (id) => promoted(id)?.version ?? "0.0.0",
  );
  command.printJson(record);
}

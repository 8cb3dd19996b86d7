import { definePlugin } from "@maand/core";
import { applyPlugins } from "@maand/core/internal";
import { rolloutContext } from "@maand/core/testing";
import { median, tableOf } from "./table.ts";

const CALLS = 100_000;
const RUNS = 5;
/** The maximum cost of one tap. */
const GOAL_MS = 100;

/** Measures the cost of an empty tap with its guards: 100,000 calls of `rollout` through one tap, and through ten. */
export async function hooksTap(): Promise<void> {
  const rows = [];
  for (const taps of [1, 10]) {
    const plugins = Array.from({ length: taps }, (_, at) =>
      definePlugin({
        name: `empty-${at}`,
        apply: ({ rollout }) => rollout.tapPromise(`empty-${at}`, async () => undefined),
      }),
    );
    const { rollout } = await applyPlugins(plugins);
    const context = rolloutContext();
    const ms = [];
    for (let run = 0; run <= RUNS; run += 1) {
      const began = cpuMs();
      for (let call = 0; call < CALLS; call += 1) await rollout.promise(context);
      if (run > 0) ms.push(cpuMs() - began);
    }
    rows.push({
      name: `${CALLS} rollouts, ${taps} empty taps`,
      ms,
      note: [
        `${((median(ms) * 1000) / CALLS).toFixed(2)} us a call`,
        ...(taps === 1 ? [`goal: less than ${GOAL_MS}; ${median(ms) < GOAL_MS ? "reached" : "missed"}`] : []),
      ].join("; "),
    });
  }
  console.log(tableOf(rows));
}

/** CPU time of this process, which does not depend on other work on the machine. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

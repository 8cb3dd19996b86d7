import { STOCK_MODULES } from "../../packages/cli/src/defaults.ts";
import { measure } from "./process.ts";
import { median, tableOf } from "./table.ts";

const RUNS = 15;
const GOAL_MS = 25;

/** Modules that are loaded one after another in a new process, and the time of each step. */
const STEPS = {
  "core, in Node": 'await import("@maand/core/internal"); await import("@maand/core");',
  "the base of commands (clipanion)": 'await import("@maand/command");',
  "the other stock plugins, loaded": `read = await Promise.all(${JSON.stringify(Object.keys(STOCK_MODULES))}.map((name) => import(name)));`,
  "the stock plugins, created and applied": `
    const made = read.flatMap((module) => Object.values(module)).filter((one) => typeof one === "function" && one.length === 0);
    const { applyPlugins } = await import("@maand/core/internal");
    await applyPlugins(made.map((make) => make()).filter((one) => typeof one?.apply === "function"));`,
} as const;

const CPU = "const cpuMs = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };";
const TIMED = Object.values(STEPS).map((step) => `began = cpuMs(); ${step} times.push(cpuMs() - began);`);
const PROGRAM = `${CPU} let began; let read; const times = []; ${TIMED.join("\n")} console.error(JSON.stringify(times));`;

/**
 * Measures the cost of loading the stock plugins, in addition to core and the base class of commands, which every
 * command loads. Measures CPU time, because other work on the machine would change the elapsed time.
 */
export async function plugins(): Promise<void> {
  const names = Object.keys(STEPS);
  const times = names.map((): number[] => []);
  for (let run = 0; run <= RUNS; run += 1) {
    const { stderr } = await measure([process.execPath, "--input-type=module", "-e", PROGRAM], process.cwd());
    const took: readonly number[] = JSON.parse(stderr);
    if (run > 0) for (const [at, ms] of took.entries()) times[at]?.push(ms);
  }
  const [read = [], applied = []] = times.slice(-2);
  const whole = read.map((ms, at) => ms + (applied[at] ?? 0));
  const note = `goal: less than ${GOAL_MS}; ${median(whole) < GOAL_MS ? "reached" : "missed"}`;
  const rows = names.map((name, at) => ({ name, ms: times[at] ?? [] }));
  console.log(tableOf([...rows, { name: "the stock plugins beyond core", ms: whole, note }]));
}

import { MAAND } from "../support/bucket/maand.ts";
import { measure, type Took } from "./process.ts";
import type { Measured } from "./table.ts";

/** One table of a suite. */
export interface Table {
  readonly title: string;
  readonly rows: readonly Measured[];
}

/** A suite of measurements, which returns its tables; numbers from the command line replace its sizes. */
export type Suite = (...sizes: readonly number[]) => Promise<readonly Table[]>;

/** The cost of one run. */
export type Cost = { readonly ms: number; readonly cpuMs?: number; readonly mb?: number };

/** A program or function to measure, and the way to compare its row. */
export interface Contender extends Pick<Measured, "baseline" | "goal" | "by" | "count" | "note"> {
  readonly name: string;
  /** The maximum number of measurements, for a very slow program. Such a program skips the turn that is not counted. */
  readonly turns?: number;
  /** Runs the contender once, and returns its cost. */
  run(): Promise<Cost>;
}

/**
 * Runs all contenders in turns, so that a temporary slowdown of the machine affects all of them. The first turn warms
 * caches and is not counted.
 */
export async function alternate(runs: number, contenders: readonly Contender[]): Promise<Measured[]> {
  const costs = new Map<string, Cost[]>(contenders.map(({ name }) => [name, []]));
  for (let turn = 0; turn <= runs; turn += 1)
    for (const { name, run, turns } of contenders) {
      if (turns !== undefined && (turn === 0 || turn > turns)) continue;
      const cost = await run();
      if (turn > 0) costs.get(name)?.push(cost);
    }
  return contenders.map(({ run: _, turns: __, ...contender }) =>
    measuredOf(contender, costs.get(contender.name) ?? []),
  );
}

/** The row of a contender with these costs. */
export function measuredOf(row: Omit<Contender, "run" | "turns">, costs: readonly Cost[]): Measured {
  const [cpuMs, mb] = [costs.flatMap((cost) => cost.cpuMs ?? []), costs.flatMap((cost) => cost.mb ?? [])];
  return {
    ...row,
    ms: costs.map(({ ms }) => ms),
    ...(cpuMs.length > 0 && { cpuMs }),
    ...(mb.length > 0 && mb.some((one) => one > 0) && { mb }),
  };
}

/** Text that a program must print a given number of times. */
export interface Printed {
  /** A regular expression with the flag g. */
  readonly pattern: RegExp;
  readonly times: number;
}

/** Runs a program to its end. Throws if the program fails, or does not print the expected text. */
export async function program(argv: readonly string[], cwd: string, must?: Printed): Promise<Required<Cost>> {
  return costOf(argv, await measure(argv, cwd, must ? "pipe" : "ignore"), must);
}

/** The cost of a program that has ended. Throws if the program failed, or did not print the expected text. */
export function costOf(argv: readonly string[], took: Took, must?: Printed): Required<Cost> {
  const { ms, cpuMs, mb, code, stdout, stderr } = took;
  if (code !== 0) throw new Error(`${argv.join(" ")} exited with ${code}:\n${lastOf(stdout)}${lastOf(stderr)}`);
  const printed = stdout + stderr;
  const found = must ? (printed.match(must.pattern)?.length ?? 0) : 0;
  if (must && found !== must.times)
    throw new Error(`${argv.join(" ")} printed ${must.pattern} ${found} times, not ${must.times}:\n${lastOf(printed)}`);
  return { ms, cpuMs, mb };
}

function lastOf(text: string): string {
  return text.slice(-2_000);
}

/** Runs maand to its end in its own process. Throws if maand fails. */
export function maandProcess(
  cwd: string,
  args: readonly string[],
  nodeOptions: readonly string[] = [],
  must?: Printed,
): Promise<Required<Cost>> {
  return program([process.execPath, ...nodeOptions, MAAND, ...args], cwd, must);
}

/** Measures the time of some work in this process. */
export async function timed(work: () => Promise<unknown>): Promise<Cost> {
  const began = performance.now();
  await work();
  return { ms: performance.now() - began };
}

/** `node -e 0`: the minimum cost of a command of Node. */
export const NODE: Contender = {
  name: "baseline: node -e 0",
  run: () => program([process.execPath, "-e", "0"], process.cwd()),
};

import { existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeTemplate } from "./controllers/template.ts";
import type { Flaw } from "./flaw.ts";
import { simulate, type Verdict } from "./simulation.ts";

/** The seeds to simulate. */
export interface Search {
  readonly from: number;
  readonly count: number;
  readonly minutes: number;
  readonly flaw?: Flaw;
}

/** The result of a search. */
export interface Found {
  /** The number of simulated seeds. */
  readonly count: number;
  /** The first seed with a problem. */
  readonly problem: Verdict | undefined;
}

/** Simulations of many seeds. */
export class Campaign {
  readonly #root = join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), `maand-simulation-${process.pid}`);
  readonly #template = makeTemplate(join(this.#root, "template"));

  /** Simulates one seed. */
  async seed(seed: number, flaw?: Flaw): Promise<Verdict> {
    mkdirSync(this.#root, { recursive: true });
    return simulate({ seed, template: await this.#template, directory: join(this.#root, "machines"), flaw });
  }

  /** Simulates seeds until one has a problem. Starts no simulation after `minutes`. */
  async search({ from, count, minutes, flaw }: Search): Promise<Found> {
    const end = performance.now() + minutes * 60_000;
    let seed = from;
    for (; seed < from + count && performance.now() < end; seed += 1) {
      const verdict = await this.seed(seed, flaw);
      if (verdict.problem !== undefined) return { count: seed + 1 - from, problem: verdict };
    }
    return { count: seed - from, problem: undefined };
  }

  dispose(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** Formats a problem with its trace. */
export function report({ seed, problem, trace }: Verdict): string {
  return [...trace, `seed ${seed}: ${problem}`, `again: npm run simulate -- --from ${seed} --seeds 1`].join("\n");
}

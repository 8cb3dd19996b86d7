import { existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeTemplate } from "./controllers/template.ts";
import type { Flaw } from "./flaw.ts";
import { simulate, type Verdict } from "./simulation.ts";

/** Simulations of many seeds. */
export class Campaign {
  readonly #root = join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), `maand-simulation-${process.pid}`);
  readonly #template = makeTemplate(join(this.#root, "template"));

  /** Simulates one seed. */
  async seed(seed: number, flaw?: Flaw): Promise<Verdict> {
    mkdirSync(this.#root, { recursive: true });
    return simulate({ seed, template: await this.#template, directory: join(this.#root, "machines"), flaw });
  }

  /** The first of some seeds that has a problem; undefined if all are well. */
  async firstProblem(from: number, count: number, flaw?: Flaw): Promise<Verdict | undefined> {
    for (let seed = from; seed < from + count; seed += 1) {
      const verdict = await this.seed(seed, flaw);
      if (verdict.problem !== undefined) return verdict;
    }
    return undefined;
  }

  dispose(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }
}

/** A problem with everything that led to it. */
export function report({ seed, problem, trace }: Verdict): string {
  return [...trace, `seed ${seed}: ${problem}`, `again: npm run simulate -- --from ${seed} --seeds 1`].join("\n");
}

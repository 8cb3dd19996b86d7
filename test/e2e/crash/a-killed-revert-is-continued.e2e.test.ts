import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { CAREFUL_MAKEFILE } from "../../support/bucket/careful-makefile.ts";
import { stepCounter } from "../../support/bucket/killer.ts";
import { killedIn, type Life, localLife, processesOf, rolloutsIn, runIn } from "../../support/bucket/life.ts";
import { localBucket } from "../../support/bucket/local-bucket.ts";
import type { Scratch } from "../../support/bucket/scratch.ts";
import { seeded } from "../../support/bucket/seeded.ts";
import { until } from "../../support/fleet/index.ts";

/** The number of steps at which a deploy that reverts is killed. For more, set MAAND_KILLS=100. */
const KILLS = Number(process.env.MAAND_KILLS ?? 3);
const SEED = Number(process.env.MAAND_KILL_SEED ?? 1);

/** A Makefile whose restart into 2.0.0 fails on the second worker, after its work. */
const MAKEFILE = CAREFUL_MAKEFILE.replace(
  ".PHONY",
  `	@test "$(NEW_VERSION) $(ALLOCATION_INDEX)" != "2.0.0 1" || { echo "$@ refuses" >&2; exit 1; }
.PHONY`,
);

function write(bucket: Scratch, version: string): void {
  const manifest = { version, selectors: ["worker"], on_failure: "revert" };
  bucket.job("api", manifest, { Makefile: MAKEFILE, "app.conf": `version ${version}\n` });
}

/** The last command on each worker. */
async function lastRun(life: Life): Promise<string[]> {
  const ran = await life.lifecycles();
  return [...ran.values()].map((text) => text.trimEnd().split("\n").at(-2) ?? "");
}

/** Deploys until nothing is left to do. A deploy that reverts again does not succeed. */
async function settle(life: Life): Promise<void> {
  for (let runs = 0; runs < 3; runs += 1) if ((await runIn(life, ["deploy"])).code === 0) return;
  throw new Error("three deploys did not complete the revert");
}

it(
  `the next deploys restore the old release after a deploy is killed at any step of a revert (${KILLS} steps)`,
  async () => {
    const base = await localBucket(3);
    try {
      write(base, "1.0.0");
      expect(await base.maand("deploy", "--build")).toMatchObject({ code: 0 });
      write(base, "2.0.0");
      expect(await base.maand("build")).toMatchObject({ code: 0 });
      const undisturbed = localLife(base, ["api"]);
      const counted = join(undisturbed.root, "steps");
      expect(await runIn(undisturbed, ["deploy"], stepCounter(counted))).toMatchObject({ code: 1 });
      const steps = Number(readFileSync(counted, "utf8"));
      const files = await undisturbed.files();
      undisturbed.dispose();
      const random = seeded(SEED);
      for (let at = 0; at < KILLS; at += 1) {
        const step = 1 + Math.floor(((at + random()) * steps) / KILLS);
        const life = localLife(base, ["api"]);
        await killedIn(life, ["deploy"], step);
        await until(`its processes to end, killed at ${step}`, () => processesOf(life).length === 0);
        await settle(life);
        const states = Object.values(rolloutsIn(life));
        expect({ step, states }).toEqual({ step, states: ["promoted", "promoted", "promoted"] });
        expect({ step, files: await life.files() }).toEqual({ step, files });
        const ran = await lastRun(life);
        expect(ran.length, String(step)).toBeGreaterThan(0);
        expect({ step, ran: ran.every((line) => line.endsWith(" 1.0.0")) }).toEqual({ step, ran: true });
        life.dispose();
      }
    } finally {
      base.dispose();
    }
  },
  KILLS * 60_000,
);

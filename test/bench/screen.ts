import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MAAND } from "../support/bucket/maand.ts";
import { scratch } from "../support/bucket/scratch.ts";
import { withFleet } from "../support/fleet/index.ts";
import { writeJob } from "../support/simulated-fleet/index.ts";
import { measure } from "./process.ts";

const REPORT = fileURLToPath(new URL("../support/bucket/report-cpu.mjs", import.meta.url));

/**
 * Deploys `jobs` jobs to `count` real sshd workers on a terminal, with and without the live screen in turns, and prints
 * the CPU time of maand alone and the share of one core that the screen adds.
 */
export async function screen(count = 64, jobs = 10, turns = 3): Promise<void> {
  await withFleet({ count }, async (fleet) => {
    const bucket = await scratch(fleet.conf);
    try {
      bucket.workers(...fleet.workersJson());
      for (let job = 0; job < jobs; job += 1) writeJob(bucket, job, "1.0.0");
      await run("build", "lines");
      await run("deploy", "lines");
      const found: Record<string, { cpu: number[]; ms: number[] }> = {};
      for (let turn = 0; turn < turns; turn += 1)
        for (const mode of ["quiet", "lines", "live"]) {
          const { cpuMs, ms } = await run("deploy --force", mode);
          const all = found[mode] ?? { cpu: [], ms: [] };
          found[mode] = all;
          all.cpu.push(cpuMs);
          all.ms.push(ms);
        }
      for (const [mode, { cpu, ms }] of Object.entries(found))
        console.log(`${mode}: CPU ${cpu.map(Math.round).join(", ")} ms in ${ms.map(Math.round).join(", ")} ms`);
      const [least, quiet] = [Math.min(...(found.live?.cpu ?? [])), Math.min(...(found.quiet?.cpu ?? []))];
      const share = (least - quiet) / Math.min(...(found.live?.ms ?? []));
      console.log(`${count} workers x ${jobs} jobs: the live screen adds ${(share * 100).toFixed(1)}% of a core`);
    } finally {
      bucket.dispose();
    }

    async function run(command: string, mode: string): Promise<{ cpuMs: number; ms: number }> {
      const file = join(bucket.root, "cpu");
      const progress = mode === "quiet" ? "--quiet" : `--progress ${mode}`;
      const line = `stty cols 110 rows 40; CPU_FILE=${file} ${process.execPath} --import ${REPORT} ${MAAND} ${command} ${progress}`;
      const { code, ms } = await measure(
        ["env", "LANG=C.UTF-8", "TERM=xterm", "script", "-qec", line, "/dev/null"],
        bucket.root,
      );
      if (code !== 0) throw new Error(`${command} exited with ${code}`);
      return { cpuMs: Number(readFileSync(file, "utf8")), ms };
    }
  });
}

import { type Scratch, scratch } from "../support/bucket/scratch.ts";
import { type OpenedPage, openPage } from "../support/ui/open-page.ts";
import { writeLarge } from "./large-bucket.ts";
import { promoteAll } from "./suites/promoted-bucket.ts";
import { type Measured, tableOf } from "./table.ts";

const IDLE_MS = 20_000;

/**
 * The cost of a page for the server: the times of its responses for a fleet of this size, and its CPU time for one open
 * page, which fetches all its data after each message of the stream. Measured while nothing happens, and during deploys
 * of a smaller fleet on this machine.
 */
export async function ui(workers = 1000, jobs = 50): Promise<void> {
  const large = await scratch('transport = "local"\n');
  try {
    writeLarge(large, { workers, jobs, template: false });
    await must(large, "build");
    await promoteAll(large.root);
    console.log(`${workers} workers x ${jobs} jobs\n${tableOf([...(await answers(large)), await idle(large)])}`);
  } finally {
    large.dispose();
  }
  const small = await scratch('transport = "local"\n');
  try {
    writeLarge(small, { workers: 64, jobs: 10, template: false });
    await must(small, "build");
    console.log(`deploys of 64 workers x 10 jobs\n${tableOf([await during(small)])}`);
  } finally {
    small.dispose();
  }
}

async function answers(bucket: Scratch): Promise<Measured[]> {
  const page = await openPage(bucket);
  try {
    const rows: Measured[] = [];
    for (const path of ["fleet", "status", "fleet?sort=attention&limit=100", "jobs/job7", "workers/10.0.7.1", "runs"]) {
      const ms: number[] = [];
      let bytes = 0;
      for (let count = 0; count < 4; count += 1) {
        const began = performance.now();
        bytes = JSON.stringify(await page.get(path)).length;
        ms.push(performance.now() - began);
      }
      rows.push({ name: `${path}, first`, ms: ms.slice(0, 1), note: `${bytes} bytes` });
      rows.push({ name: `${path}, again`, ms: ms.slice(1), note: "" });
    }
    return rows;
  } finally {
    await page.close();
  }
}

/** The share of a core that one open page takes while nothing happens. */
async function idle(bucket: Scratch): Promise<Measured> {
  const page = await openPage(bucket);
  const stream = live(page);
  await new Promise((resolve) => setTimeout(resolve, 3_000)); // the first responses
  const [before, began] = [page.cpuMs(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const share = (page.cpuMs() - before) / (performance.now() - began);
  stream.close();
  await page.close();
  return {
    name: "one open page, idle",
    ms: [share * 1000],
    note: `${(share * 100).toFixed(2)}% of a core (ms of CPU per s)`,
  };
}

/** The share of a core that one open page takes while deploys run. */
async function during(bucket: Scratch): Promise<Measured> {
  const page = await openPage(bucket);
  const stream = live(page);
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const [before, began] = [page.cpuMs(), performance.now()];
  await must(bucket, "deploy");
  for (let count = 0; count < 3; count += 1) await must(bucket, "deploy", "--force");
  const took = performance.now() - began;
  const share = (page.cpuMs() - before) / took;
  const woken = stream.woken.length;
  stream.close();
  await page.close();
  const note = `${(share * 100).toFixed(2)}% of a core, for ${(took / 1000).toFixed(1)} s and ${woken} messages`;
  return { name: "one open page, deploys", ms: [share * 1000], note };
}

/** Fetches the data of a page with the fleet after each message of the stream. */
function live(page: OpenedPage) {
  const stream = page.follow();
  let isFirst = true;
  stream.each(async (wake) => {
    if (wake.kind === "run")
      await page.get(`runs/${wake.run}/events?after=${Math.max(0, (wake.last_event ?? 0) - 100)}`);
    else if (wake.kind !== "hello" || isFirst)
      for (const path of ["fleet", "status", "runs?limit=20"]) await page.get(path);
    isFirst = false;
  });
  return stream;
}

async function must(bucket: Scratch, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await bucket.start(args).ended;
  if (code !== 0) throw new Error(`${args.join(" ")} exited with ${code}:\n${stderr.slice(-2000)}`);
}

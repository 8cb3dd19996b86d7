import { readFileSync } from "node:fs";
import type { Running } from "../support/bucket/maand.ts";
import { type Scratch, scratch } from "../support/bucket/scratch.ts";
import { promoteAll, writeLarge } from "./large-bucket.ts";
import { type Measured, tableOf } from "./table.ts";

const IDLE_MS = 20_000;
const TICKS = 100; // of /proc, per second

/**
 * What a page costs maand: answers for a fleet of this size, and the processor time of the server for one open page that fetches
 * everything it shows whenever the stream wakes it: while nothing happens, and during deploys of a smaller fleet on this machine.
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
  const page = await open(bucket);
  try {
    const rows: Measured[] = [];
    for (const path of ["fleet", "status", "fleet?sort=attention&limit=100", "jobs/job7", "workers/10.0.7.1", "runs"]) {
      const ms: number[] = [];
      let bytes = 0;
      for (let count = 0; count < 4; count += 1) {
        const began = performance.now();
        bytes = (await page.get(path)).length;
        ms.push(performance.now() - began);
      }
      rows.push({ name: `${path}, first`, ms: ms.slice(0, 1), note: `${bytes} bytes` });
      rows.push({ name: `${path}, again`, ms: ms.slice(1), note: "" });
    }
    return rows;
  } finally {
    page.server.kill("SIGINT");
    await page.server.ended;
  }
}

/** The share of a core that one open page takes while nothing happens. */
async function idle(bucket: Scratch): Promise<Measured> {
  const page = await open(bucket);
  const live = page.live();
  await new Promise((resolve) => setTimeout(resolve, 3_000)); // the first answers
  const [before, began] = [page.cpuMs(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const share = (page.cpuMs() - before) / (performance.now() - began);
  live.abort();
  page.server.kill("SIGINT");
  await page.server.ended;
  return {
    name: "one open page, idle",
    ms: [share * 1000],
    note: `${(share * 100).toFixed(2)}% of a core (ms of CPU per s)`,
  };
}

/** The same while deploys run. */
async function during(bucket: Scratch): Promise<Measured> {
  const page = await open(bucket);
  const live = page.live();
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const [before, began] = [page.cpuMs(), performance.now()];
  await must(bucket, "deploy");
  for (let count = 0; count < 3; count += 1) await must(bucket, "deploy", "--force");
  const took = performance.now() - began;
  const share = (page.cpuMs() - before) / took;
  const { woken } = live;
  live.abort();
  page.server.kill("SIGINT");
  await page.server.ended;
  const note = `${(share * 100).toFixed(2)}% of a core, for ${(took / 1000).toFixed(1)} s and ${woken} messages`;
  return { name: "one open page, deploys", ms: [share * 1000], note };
}

interface Page {
  readonly server: Running;
  get(path: string): Promise<string>;
  cpuMs(): number;
  /** Follows the stream and fetches what a page with the fleet shows. */
  live(): { abort(): void; readonly woken: number };
}

async function open(bucket: Scratch): Promise<Page> {
  const server = bucket.start(["ui", "--port", "8471", "--json"]);
  const file = `${bucket.root}/data/ui/open-8471.html`;
  let code: string | undefined;
  for (let tries = 0; code === undefined && tries < 200; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    try {
      code = /code=([\w-]+)"/.exec(readFileSync(file, "utf8"))?.[1];
    } catch {
      // it is not there yet
    }
  }
  const origin = "http://127.0.0.1:8471";
  const entered = await fetch(`${origin}/open?code=${code}`, { redirect: "manual" });
  const cookie = entered.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const get = async (path: string) => {
    const response = await fetch(`${origin}/api/${path}`, { headers: { cookie } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.text();
  };
  return {
    server,
    get,
    cpuMs: () => {
      const fields = readFileSync(`/proc/${server.pid}/stat`, "utf8").replace(/^.*\)/s, "").trim().split(" ");
      return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
    },
    live() {
      const end = new AbortController();
      const state = { woken: 0, abort: () => end.abort() };
      void follow(`${origin}/api/stream`, cookie, end.signal, async (wake) => {
        state.woken += 1;
        if (wake.kind === "run")
          await get(`runs/${wake.run}/events?after=${Math.max(0, (wake.last_event ?? 0) - 100)}`);
        else if (wake.kind !== "hello" || state.woken === 1)
          for (const path of ["fleet", "status", "runs?limit=20"]) await get(path);
      });
      return state;
    },
  };
}

type Woken = { readonly kind: string; readonly run?: string; readonly last_event?: number };

async function follow(url: string, cookie: string, signal: AbortSignal, woken: (wake: Woken) => Promise<void>) {
  const response = await fetch(url, { headers: { cookie }, signal });
  let rest = "";
  try {
    for await (const part of response.body ?? []) {
      rest += new TextDecoder().decode(part);
      const messages = rest.split("\n\n");
      rest = messages.pop() ?? "";
      for (const message of messages) await woken(JSON.parse(/^data: (.*)$/m.exec(message)?.[1] ?? "{}"));
    }
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
}

async function must(bucket: Scratch, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await bucket.start(args).ended;
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}:\n${stderr.slice(-2000)}`);
}

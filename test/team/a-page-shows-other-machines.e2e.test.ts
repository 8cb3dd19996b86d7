import { afterAll, beforeAll, expect, it } from "vitest";
import type { EventsAnswer, FleetAnswer, RunAnswer } from "../../packages/plugin-ui/src/contract.ts";
import { until } from "../support/fleet/until.ts";
import { type Postgres, startPostgres } from "../support/postgres/postgres.ts";
import { ENVIRONMENT, type TeamBucket, teamBucket } from "../support/postgres/team-bucket.ts";
import { openPageIn } from "../support/ui/open-page.ts";

let postgres: Postgres;
let bucket: TeamBucket;
beforeAll(async () => {
  process.env.PGPASSWORD = ENVIRONMENT.PGPASSWORD;
  postgres = await startPostgres();
  bucket = await teamBucket(postgres.database());
});
afterAll(async () => {
  delete process.env.PGPASSWORD;
  bucket.dispose();
  await postgres.dispose();
});

it("the web UI shows a run on another machine live, and updates the fleet", async () => {
  const other = bucket.copy();
  const page = await openPageIn(other, ENVIRONMENT);
  const stream = page.follow();
  await until("hello", () => stream.woken.length);
  const run = await bucket.deployTo("1.0.0");
  const { run: id } = await until("the stream to name the run", () => stream.woken.find(({ kind }) => kind === "run"));
  const running = await until("its row", async () => {
    const answer = await page.get<RunAnswer>(`runs/${id}`);
    return answer.run.result === "running" ? answer : undefined;
  });
  expect(running.run).toMatchObject({ command: "deploy", finished_at: null });
  bucket.open();
  expect(await run.ended).toMatchObject({ code: 0 });
  await until("its last event", async () => (await page.get<EventsAnswer>(`runs/${id}/events?limit=5000`)).over);
  await until("the fleet", async () => {
    const { jobs } = await page.get<FleetAnswer>("fleet");
    return jobs[0]?.running[0] === "1.0.0" && jobs[0]?.counts.promoted === 2;
  });
  expect((await page.get<RunAnswer>(`runs/${id}`)).run.result).toBe("ok");
  stream.close();
  await page.close();
  other.dispose();
});

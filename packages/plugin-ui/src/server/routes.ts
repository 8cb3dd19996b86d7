import { actionIn, namesIn } from "../act/action-request.ts";
import type { Actions } from "../act/actions.ts";
import type { Checks } from "../act/checks.ts";
import type { Starter } from "../act/maand-process.ts";
import type { Plans } from "../act/plans.ts";
import { prepareDeploy, prepareRollback } from "../act/prepare-deploy.ts";
import { prepareMaintain, preparePause } from "../act/prepare-operation.ts";
import type { Prepared } from "../act/prepared.ts";
import type { ActionRequest, SessionAnswer } from "../contract.ts";
import type { Wakes } from "../live/wakes.ts";
import type { BucketWatch } from "../live/watch.ts";
import type { Answers } from "../read/answers.ts";
import type { BucketSource } from "../read/bucket-source.ts";
import { wholeId, withRecord } from "../read/run.ts";
import { eventsAfter } from "../record/events.ts";
import { logLines } from "../record/log.ts";
import { Answer, type ApiRequest, type Route } from "./app.ts";
import { listOf, numberOf, textOf, unknown, wordOf, wrong } from "./query.ts";
import { Refused } from "./refused.ts";

/** The parts that responses are built from. */
export interface Parts {
  readonly version: string;
  readonly source: BucketSource;
  readonly answers: Answers;
  readonly wakes: Wakes;
  readonly watch: BucketWatch;
  readonly plans: Plans;
  readonly checks: Checks;
  readonly actions: Actions;
  readonly starter: Starter;
}

const MOST_POSITION = 1e15;

/** All paths of the API. */
export function routes(parts: Parts): Route[] {
  return [...readRoutes(parts), ...recordRoutes(parts), ...planRoutes(parts), ...actionRoutes(parts)];
}

function readRoutes({ answers, checks, wakes, watch, version }: Parts): Route[] {
  return [
    get("/session", async ({ session: { person, csrf } }): Promise<SessionAnswer> => {
      const bucket = await answers.bucket();
      return { bucket, version, allow: person.allow, user: person.name, live: true, csrf, exported: null };
    }),
    get("/fleet", ({ query }) =>
      answers.fleet({
        labels: listOf(query, "label"),
        zones: listOf(query, "zone"),
        jobs: listOf(query, "job"),
        states: listOf(query, "state"),
        q: (textOf(query, "q") ?? "").toLowerCase(),
        byAttention: wordOf(query, "sort", ["position", "attention"]) === "attention",
        after: numberOf(query, "after", 0, MOST_POSITION) ?? 0,
        limit: numberOf(query, "limit", 1, 2_000) ?? 1_000,
      }),
    ),
    get("/status", () => answers.status()),
    get("/jobs/:job", ({ params }) => answers.job(params.job ?? "")),
    get("/workers/:host", ({ params }) => answers.worker(params.host ?? "")),
    get("/certificates", () => checks.certificates()),
    get("/doctor", () => checks.doctor()),
    post("/doctor", () => new Answer(202, checks.examine())),
    get("/stream", ({ session }) => {
      watch.beforeStream();
      return wakes.stream(session.key);
    }),
  ];
}

function recordRoutes({ answers, source: { paths } }: Parts): Route[] {
  return [
    get("/runs", ({ query }) =>
      answers.runs({
        job: textOf(query, "job"),
        worker: textOf(query, "worker"),
        before: numberOf(query, "before", 1, MOST_POSITION),
        limit: numberOf(query, "limit", 1, 500) ?? 50,
      }),
    ),
    get("/runs/:id", ({ params }) => answers.run(wholeId(paths.logs, params.id ?? ""))),
    get("/runs/:id/events", ({ params, query }) =>
      withRecord(paths.logs, wholeId(paths.logs, params.id ?? ""), (record) =>
        eventsAfter(record, {
          after: numberOf(query, "after", 0, MOST_POSITION) ?? 0,
          limit: numberOf(query, "limit", 1, 5_000) ?? 1_000,
          cursor: numberOf(query, "cursor", 0, MOST_POSITION),
        }),
      ),
    ),
    get("/runs/:id/log", ({ params, query }) =>
      withRecord(paths.logs, wholeId(paths.logs, params.id ?? ""), (record) =>
        logLines(record, {
          job: textOf(query, "job"),
          worker: textOf(query, "worker"),
          before: numberOf(query, "before", 0, MOST_POSITION),
          after: numberOf(query, "after", 0, MOST_POSITION),
          limit: numberOf(query, "limit", 1, 2_000) ?? 200,
        }),
      ),
    ),
  ];
}

function planRoutes({ answers, plans, source, wakes }: Parts): Route[] {
  return [
    get("/plan", () => answers.plans(plans)),
    post("/plan", async ({ body }) => {
      const jobs = namesIn(body, "jobs");
      const known = await source.read((store) => store.catalog.read().jobs.map(({ name }) => name));
      const missing = jobs.find((name) => !known.includes(name));
      if (missing !== undefined) throw unknown("job", missing);
      const row = await plans.make((work) => source.read(work), jobs);
      wakes.tell({ kind: "plan" });
      return new Answer(201, row);
    }),
    get("/plan/:digest", ({ params }) => source.read((store) => plans.answer(store, params.digest ?? ""))),
    get("/plan/:digest/diff", ({ params, query }) => {
      const [job, host] = [textOf(query, "job"), textOf(query, "host")];
      if (job === undefined || host === undefined) throw wrong("job and host must be given");
      return plans.diff(params.digest ?? "", job, host);
    }),
  ];
}

function actionRoutes(parts: Parts): Route[] {
  return [
    get("/actions", () => parts.actions.list()),
    post("/actions", async ({ body, session }) => {
      const request = actionIn(body);
      checkAllowed(request, session);
      const prepared = await prepare(parts, request);
      return request.confirm === undefined
        ? parts.actions.ask(prepared, session)
        : new Answer(202, await parts.actions.start(prepared, request, session));
    }),
  ];
}

function checkAllowed({ verb }: ActionRequest, { person }: ApiRequest["session"]): void {
  if (person.allow.includes(verb)) return;
  throw new Refused(403, "NOT_ALLOWED", `${person.name} may not ${verb} here`, `start maand ui with --allow ${verb}`);
}

/** Prepares an action in the current state. */
function prepare({ source, plans, starter }: Parts, request: ActionRequest): Prepared | Promise<Prepared> {
  switch (request.verb) {
    case "deploy":
      return source.read((store) => prepareDeploy(store, plans, request.plan));
    case "rollback":
      return source
        .read((store) => store.catalog.read().jobs.map(({ name }) => name))
        .then((jobs) => prepareRollback(starter, { job: request.job, to: request.to, jobs }));
    case "pause":
      return source.read((store) => preparePause(store, request));
    case "maintain":
      return source.read((store) => prepareMaintain(store, request));
  }
}

function get(path: string, answer: (request: ApiRequest) => unknown): Route {
  return { method: "GET", path, answer };
}

function post(path: string, answer: (request: ApiRequest) => unknown): Route {
  return { method: "POST", path, answer };
}

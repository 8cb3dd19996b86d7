import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MaandError } from "../errors.ts";
import type { ActionStep } from "../plugin-api/action-step.ts";
import type { ActionContext } from "../plugin-api/contexts.ts";
import { aBucket, type TestBucket } from "../testing/index.ts";

/** A step that a run leaves in doubt has the same name in the next run. No other step has that name. */

const A = "10.0.0.1";
const MANIFEST = { version: "1.0.0", selectors: ["worker"] };
const lost = () => {
  throw new MaandError({ code: "DISCONNECTED", message: "lost" });
};

let bucket: TestBucket;
let begun: { readonly what: string; readonly step: ActionStep | undefined }[];
let settled: string[];

beforeEach(async () => {
  begun = [];
  settled = [];
  const record = async ({ action, step }: ActionContext) => {
    begun.push({ what: action.kind, step });
    step?.onSettled(async () => void settled.push(step.id));
    return undefined;
  };
  const name = "recorder-of-steps";
  bucket = aBucket({
    plugins: [
      {
        name,
        apply(hooks) {
          hooks.rollout.tapPromise(name, record);
          hooks.reconcile.tapPromise(name, record);
          hooks.started.tapPromise(name, async () => void (await bucket.fleet.onDo("started")));
        },
      },
    ],
  });
  bucket.workers(A);
  bucket.job("api", MANIFEST, { "a.tpl": "x" });
});

afterEach(() => bucket.dispose());

/** Deploys with an injected failure, and returns the last step that began. */
async function disturbed(disturb: Pick<TestBucket["fleet"], "onDo"> | Pick<TestBucket["fleet"], "onDone">) {
  const { onDo, onDone } = bucket.fleet;
  Object.assign(bucket.fleet, disturb);
  expect((await bucket.ship()).outcome).not.toBe("ok");
  Object.assign(bucket.fleet, { onDo, onDone });
  return last();
}

const at = (what: string, work: () => void) => (done: string) => {
  if (done.startsWith(what)) work();
};

function last(): ActionStep {
  const step = begun.at(-1)?.step;
  if (!step) throw new Error("no step began");
  return step;
}

async function next(options = {}): Promise<ActionStep> {
  expect(await bucket.ship(options)).toMatchObject({ outcome: "ok" });
  return last();
}

describe("a step", () => {
  it("has a unique name in each attempt, built from bucket, run, allocation and action", async () => {
    await bucket.ship();
    const { id, resumes, replaces } = last();
    const opened = await bucket.open();
    const [allocation] = opened.store.catalog.read().allocations;
    const { bucketId } = opened;
    opened.close();
    const { run } = bucket.events.find(({ type }) => type === "action.started") ?? {};
    expect({ id, resumes, replaces }).toEqual({
      id: `${bucketId}.${run}.${allocation?.id}.start.1`,
      resumes: null,
      replaces: [],
    });
    await bucket.ship({ force: true });
    expect(last().id).not.toBe(id);
  });

  it("is continued by the next run if the connection was lost", async () => {
    const { id } = await disturbed({ onDone: at("start", lost) });
    const again = await next();
    expect(again).toMatchObject({ id, resumes: 1, replaces: [] });
    expect(bucket.events.filter(({ type }) => type === "action.started")).toMatchObject([
      { resumes: null },
      { resumes: 1 },
    ]);
  });

  it("is continued if the run was interrupted between its command and its promotion", async () => {
    const interrupted = () => {
      throw new MaandError({ code: "INTERRUPTED", message: "interrupted" });
    };
    const { id } = await disturbed({ onDo: at("started", interrupted) });
    expect(await next()).toMatchObject({ id, resumes: 1 });
  });

  it("is not continued if a later hook failed, because the hook might need the step to run again", async () => {
    const failed = () => {
      throw new MaandError({ code: "HOOK_FAILED", message: "no" });
    };
    const { id } = await disturbed({ onDo: at("started", failed) });
    const again = await next();
    expect(again.id).not.toBe(id);
    expect(again.resumes).toBeNull();
  });

  it("is not continued if it failed", async () => {
    const failed = () => {
      throw new MaandError({ code: "COMMAND_FAILED", message: "no", exit: 2 });
    };
    const { id } = await disturbed({ onDo: at("start", failed) });
    const again = await next();
    expect(again.id).not.toBe(id);
    expect(again.replaces).toEqual([id]);
  });

  it("is continued a second time if the connection is lost in the next run too", async () => {
    const { id } = await disturbed({ onDone: at("start", lost) });
    expect(await disturbed({ onDone: at("start", lost) })).toMatchObject({ id, resumes: 1 });
    expect(await next()).toMatchObject({ id, resumes: 2 });
  });

  it("is replaced by a new step if the files have changed", async () => {
    const { id } = await disturbed({ onDone: at("start", lost) });
    bucket.job("api", { ...MANIFEST, version: "1.0.1" });
    const again = await next();
    expect(again.id).not.toBe(id);
    expect(again.replaces).toEqual([id]);
  });

  it("is replaced by a new step with --force", async () => {
    const { id } = await disturbed({ onDone: at("start", lost) });
    expect(await next({ force: true })).toMatchObject({ resumes: null, replaces: [id] });
  });

  it("is continued if it is a stop, and replaced by a new step if the allocation must start instead", async () => {
    await bucket.ship();
    bucket.disable({ jobs: { api: {} } });
    const { id } = await disturbed({ onDone: at("stop", lost) });
    expect(await disturbed({ onDone: at("stop", lost) })).toMatchObject({ id, resumes: 2 });
    bucket.disable({});
    expect(await next()).toMatchObject({ resumes: null, replaces: [id] });
  });

  it("does not exist for the deletion of files, which is safe to repeat", async () => {
    await bucket.ship();
    bucket.removeJob("api");
    await bucket.ship();
    expect(begun.map(({ what, step }) => [what, step !== undefined])).toEqual([
      ["start", true],
      ["stop", true],
      ["remove", false],
    ]);
  });
});

describe("the receipt of a step is deleted", () => {
  it("after the allocation is promoted or stopped", async () => {
    await bucket.ship();
    const { id } = last();
    expect(settled).toEqual([id]);
    bucket.disable({ jobs: { api: {} } });
    await bucket.ship();
    expect(settled).toEqual([id, last().id]);
  });

  it("at the end of the run if the step failed, but not while the step is in doubt", async () => {
    await disturbed({ onDone: at("start", lost) });
    expect(settled).toEqual([]);
    const failed = () => {
      throw new MaandError({ code: "COMMAND_FAILED", message: "no", exit: 2 });
    };
    const { id } = await disturbed({ onDo: at("start", failed) });
    expect(settled).toEqual([id]);
  });
});

it("a run that continues a step renders files with the same update_seq", async () => {
  const name = "sequence";
  const own = aBucket({
    plugins: [
      {
        name,
        apply(hooks) {
          hooks.render.tapPromise(name, async (tree, { updateSeq }) => {
            const content = Buffer.from(String(updateSeq));
            const file = { path: "seq", hash: `seq-${updateSeq}`, size: content.length, executable: false, content };
            return { files: [...tree.files, file] };
          });
          hooks.rollout.tapPromise(name, async ({ step }) => {
            if (step) ids.push(step.id);
            return undefined;
          });
        },
      },
    ],
  });
  const ids: string[] = [];
  try {
    own.workers(A);
    own.job("api", MANIFEST);
    own.fleet.onDone = at("start", lost);
    await own.ship();
    own.fleet.onDone = () => undefined;
    expect(await own.ship()).toMatchObject({ outcome: "ok" });
    expect(ids).toHaveLength(2);
    expect(ids[1]).toBe(ids[0]);
    expect((await own.plan()).required).toBe(false);
  } finally {
    own.dispose();
  }
});

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initialised, typedIn } from "../run/typed.test.support.ts";

const HOSTS = ["127.0.0.31", "127.0.0.32", "127.0.0.33"];

let root: string;

beforeEach(async () => {
  root = await initialised('transport = "local"\n');
  write("workspace/workers.json", JSON.stringify(HOSTS.map((host) => ({ host }))));
  for (const job of ["api", "old"]) {
    write(`workspace/jobs/${job}/manifest.json`, '{ "selectors": ["worker"] }');
    write(`workspace/jobs/${job}/Makefile`, "start restart stop:\n\t@mkdir -p data; touch data/$@ped\n");
  }
  expect(await typedIn(root)("deploy", "--build")).toMatchObject({ code: 0 });
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

/** A terminal with 120 columns on which someone types this answer. */
function terminal(answer: string) {
  return typedIn(root, undefined, 120, { answer });
}

async function states(job: string): Promise<string[]> {
  const { out } = await typedIn(root)("cat", "deployments", "--jobs", job, "--json");
  return JSON.parse(out).map(({ rollout }: { rollout: string }) => rollout);
}

const QUESTION = "[y/N]";

describe("a deploy that stops jobs on several workers", () => {
  beforeEach(() => rmSync(join(root, "workspace/jobs/old"), { recursive: true }));

  it("lists exactly what it stops, and stops nothing without confirmation", async () => {
    const refused = await terminal("n\n")("deploy", "--build");
    expect(refused).toMatchObject({ code: 2, out: "" });
    expect(refused.err).toContain(
      [
        "this deploy stops 3 allocations on 3 workers:",
        `  stop, and delete the files of old on ${HOSTS.join(", ")}: its job was removed from the workspace`,
        "  data and logs of removed jobs remain on the workers until maand gc",
        "deploy? [y/N] maand: not confirmed: nothing was stopped or deleted",
        "  hint: run the command again and answer y, or add --yes",
      ].join("\n"),
    );
    expect(await states("old")).toEqual(["removed", "removed", "removed"]);
    expect((await terminal("")("deploy")).code).toBe(2);
    const agreed = await terminal("y\n")("deploy");
    expect(agreed.code).toBe(0);
    expect(agreed.err).toContain("stopped and removed on 3 workers");
  });

  it("does not prompt with --yes", async () => {
    const { code, err } = await terminal("n\n")("deploy", "--build", "--yes");
    expect([code, err.includes(QUESTION)]).toEqual([0, false]);
  });

  it("is cancelled by Ctrl-C at the prompt, and stops nothing", async () => {
    const interrupted = new AbortController();
    interrupted.abort();
    const typed = typedIn(root, undefined, 120, { signal: interrupted.signal });
    expect((await typedIn(root)("build")).code).toBe(0);
    expect((await typed("deploy")).code).toBe(130);
    expect(await states("old")).toEqual(["removed", "removed", "removed"]);
  });
});

it("a deploy that stops a job on one worker prompts only if no worker is left", async () => {
  write("workspace/disabled.json", JSON.stringify({ jobs: { api: { allocations: HOSTS.slice(0, 1) } } }));
  const one = await terminal("n\n")("deploy", "--build");
  expect([one.code, one.err.includes(QUESTION)]).toEqual([0, false]);
  write("workspace/disabled.json", "{}");
  write("workspace/workers.json", "[]");
  const none = await terminal("n\n")("deploy", "--build");
  expect(none.code).toBe(2);
  expect(none.err).toContain("workspace/workers.json no longer lists any worker\nthis deploy stops 6 allocations");
});

it("maand job stop on several workers prompts, and job restart does not", async () => {
  const refused = await terminal("n\n")("job", "stop", "api");
  expect(refused.err).toContain(`this stops 3 allocations on 3 workers:\n  api on ${HOSTS.join(", ")}\nstop them?`);
  expect(refused.code).toBe(2);
  for (const words of [
    ["stop", "api", "--allocations", HOSTS[0] ?? ""],
    ["stop", "api", "-y"],
    ["restart", "api"],
  ]) {
    const { code, err } = await terminal("n\n")("job", ...words);
    expect([code, err.includes(QUESTION)]).toEqual([0, false]);
  }
});

it("maand maintain prompts before it drains several workers", async () => {
  const [first = "", second = ""] = HOSTS;
  const refused = await terminal("n\n")("maintain", "-w", `${first},${second}`, "--run", "true");
  expect(refused.code).toBe(2);
  expect(refused.err).toContain(
    `this drains 2 workers, one after another: ${first}, ${second}\n  on each it stops the jobs, 4 allocations in all, and then starts its jobs again\nbegin? [y/N]`,
  );
  const one = await terminal("n\n")("maintain", "-w", first, "--run", "true");
  expect([one.code, one.err.includes(QUESTION)]).toEqual([0, false]);
});

describe("maand gc", () => {
  const data = (host: string) => existsSync(join(root, "data/local", host));

  it("lists what it would delete, and deletes it only when confirmed", async () => {
    write("workspace/workers.json", JSON.stringify([{ host: HOSTS[0] }]));
    expect((await typedIn(root)("gc", "--dry-run")).out).toBe("gc would delete nothing\n");
    await typedIn(root)("build");
    expect(await typedIn(root)("gc", "--dry-run")).toMatchObject({ code: 2, out: "" });
    expect((await typedIn(root)("deploy")).code).toBe(0);
    const planned = await typedIn(root)("gc", "--dry-run");
    expect(planned.out.split("\n")).toEqual([
      ...["api", "old"].flatMap((job) =>
        HOSTS.slice(1).map((host) => `delete ${job} on ${host}, with its data and logs`),
      ),
      expect.stringMatching(/^purge \d+ deleted KV keys with all versions$/),
      "nothing was deleted yet; to delete these, run maand gc",
      "",
    ]);
    const record = JSON.parse((await typedIn(root)("gc", "--dry-run", "--json")).out);
    expect(record).toMatchObject({ delete: [{ job: "api", worker_ip: HOSTS[1] }, {}, {}, {}], give_up: [] });
    const refused = await terminal("n\n")("gc");
    expect(refused.code).toBe(2);
    expect(refused.err).toContain(
      "this deletes the directories of 4 allocations on 2 workers, with their data and logs",
    );
    expect(data(HOSTS[1] ?? "")).toBe(true);
    expect((await terminal("y\n")("gc")).out).toContain("deleted 4 allocations");
    expect((await typedIn(root)("gc", "--dry-run")).out).toBe("gc would delete nothing\n");
  });
});

import { afterEach, beforeEach, expect, it } from "vitest";
import { Store } from "../store.ts";

let store: Store;
beforeEach(() => {
  store = Store.open(":memory:");
  store.bucket.create("b");
});
afterEach(() => store.close());

const begin = (command: string) =>
  store.history.begin({ command, user: "bob", machine: "laptop", path: "/b", at: "2030-01-01T00:00:00.000Z" });

it("the history lists commands newest first, by job and by worker", () => {
  const first = begin("deploy");
  store.history.touch(first.number, { jobs: ["api", "db"], workers: ["w1"] });
  store.history.finish(first.number, "ok", "2030-01-01T00:00:05.000Z");
  const second = begin("job restart");
  store.history.touch(second.number, { jobs: ["api"], workers: ["w2"] });
  begin("build");
  const commands = (filter: object) => store.history.list({ limit: 10, ...filter }).map(({ command }) => command);
  expect(commands({})).toEqual(["build", "job restart", "deploy"]);
  expect(commands({ job: "api" })).toEqual(["job restart", "deploy"]);
  expect(commands({ job: "api", worker: "w1" })).toEqual(["deploy"]);
  expect(commands({ limit: 1 })).toEqual(["build"]);
  expect(store.history.list({ limit: 9 })[2]).toMatchObject({
    ...{ user: "bob", machine: "laptop", path: "/b", outcome: "ok", jobs: ["api", "db"], workers: ["w1"] },
    ...{ finishedAt: "2030-01-01T00:00:05.000Z", commit: null, run: null, id: null },
  });
});

it("after a copy is adopted, command numbers exceed those of the copy, and the holders of both are known", () => {
  const [one, two] = [begin("deploy"), begin("adopt")];
  expect(two.number).toBe(one.number + 1);
  expect(one.holder).toMatch(/^[0-9a-f]{16}$/);
  expect(store.history.knows(one.holder)).toBe(true);
  expect(store.history.knows("0".repeat(16))).toBe(false);
  store.history.advance(two.number, 41);
  expect(begin("deploy").number).toBe(43);
  store.copyOf.adopt("0".repeat(16), "maand deploy by ann", "2030-01-01T00:00:00.000Z");
  expect(store.history.knows("0".repeat(16))).toBe(true);
});

it("the history contains the commit of the last build and the result of the run for each command", () => {
  store.bucket.setBuilt({ selector: "", maxBytes: 1, parts: {}, commit: "abc" });
  const run = store.journal.beginRun("id-1", "deploy", "2030-01-01T00:00:00.000Z");
  const { number } = begin("deploy");
  store.history.name(number, "id-1", run);
  store.journal.finishRun(run, "failed", "2030-01-01T00:01:00.000Z");
  expect(store.history.list({ limit: 1 })).toMatchObject([{ commit: "abc", id: "id-1", run, outcome: "failed" }]);
});

import fc from "fast-check";
import { expect, it } from "vitest";
import type { Basis } from "../file/plan-schema.ts";
import { changesSince as changesSinceWith, type FindSuspects } from "./changes-since.ts";

/**
 * Every single change of a basis, including an addition or a removal, is found and named. Changes to values that are
 * used only in messages are ignored.
 */
const print = fc.stringMatching(/^[0-9a-f]{4}$/);
const name = fc.stringMatching(/^[a-d]{1,2}$/);
const host = fc.constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.3");
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 3 });
const dictionary = <T>(value: fc.Arbitrary<T>, key: fc.Arbitrary<string> = name) =>
  fc.dictionary(key, value, { minKeys: 1, maxKeys: 3, noNullPrototype: true });

const basis: fc.Arbitrary<Basis> = fc.record({
  last_run: fc.nat(9),
  update_seq: fc.nat(9),
  maand: fc.constantFrom("0.1.0", "0.2.0"),
  plugins: dictionary(print),
  settings: dictionary(print),
  jobs: dictionary(
    fc.record({
      version: print,
      release: maybe(fc.nat(9)),
      files: print,
      manifest: print,
      held: maybe(fc.nat(9)),
      after_pending: fc.boolean(),
    }),
  ),
  workers: dictionary(fc.record({ entry: print, root: maybe(print) }), host),
  allocations: dictionary(fc.record({ count: fc.nat(9), all: print, changing: dictionary(print, host) })),
  rollouts: dictionary(
    fc.record({ release: fc.nat(9), previous: maybe(fc.nat(9)), step: fc.nat(9), until: maybe(print) }),
  ),
  in_doubt: fc.uniqueArray(host),
  kv: dictionary(dictionary(maybe(print))),
  kv_keys: dictionary(print),
});

const noSuspects: FindSuspects = () => ({ added: [], changed: [] });
const changesSince = (before: Basis, now: Basis, suspects = noSuspects) => changesSinceWith(before, now, suspects);

type Path = readonly string[];

/** The paths of everything that is compared, that is, of every value that contains no other values. */
function leaves(value: unknown, path: Path = []): Path[] {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, part]) => leaves(part, [...path, key]));
}

/** Another build might give the release of a job another number. The position of a rollout does include the release. */
function isForMessages(path: Path): boolean {
  const last = path.at(-1) ?? "";
  return last === "last_run" || last === "update_seq" || (last === "release" && path[0] === "jobs");
}

function changedAt(from: Basis, path: Path): Basis {
  const copy: Basis = structuredClone(from);
  let at: unknown = copy;
  for (const key of path.slice(0, -1)) at = Reflect.get(Object(at), key);
  const last = path.at(-1) ?? "";
  Reflect.set(Object(at), last, other(Reflect.get(Object(at), last)));
  return copy;
}

function other(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? ["10.0.0.9"] : value.slice(1);
  if (typeof value === "boolean") return !value;
  if (typeof value === "number") return value + 1;
  return value === null ? "new" : `${String(value)}x`;
}

/** The name by which a reader knows the value at a path. */
function nameAt([part = "", first = ""]: Path): string {
  return part === "maand" ? "maand" : part === "in_doubt" ? "worker" : first;
}

it("any single change is found and named, except changes to values that are used only in messages", () => {
  fc.assert(
    fc.property(basis, fc.nat(), (before, choice) => {
      const all = leaves(before);
      const path = all[choice % all.length] ?? [];
      const found = changesSince(before, changedAt(before, path));
      if (isForMessages(path)) expect(found).toEqual([]);
      else expect(found.map(({ where }) => where)).toEqual([expect.stringContaining(nameAt(path))]);
    }),
    { numRuns: 2000, seed: 11 },
  );
});

it("every addition and removal is found and named", () => {
  const parts = ["plugins", "settings", "jobs", "allocations", "rollouts", "kv", "kv_keys"] as const;
  fc.assert(
    fc.property(basis, fc.constantFrom(...parts), fc.boolean(), (more, part, isAdded) => {
      const [gone = ""] = Object.keys(more[part]);
      const less = structuredClone(more);
      delete less[part][gone];
      const found = isAdded ? changesSince(less, more) : changesSince(more, less);
      const isLookedUp = part === "kv" && Object.values(more.kv[gone] ?? {}).every((value) => value === null);
      if (isLookedUp) return; // a key that did not exist when the plan was made, and does not exist now
      expect(found.map(({ where }) => where).join()).toContain(gone);
    }),
    { numRuns: 1000, seed: 12 },
  );
});

it("nothing is found if nothing changed", () => {
  fc.assert(
    fc.property(basis, (before) => {
      expect(changesSince(before, structuredClone(before))).toEqual([]);
    }),
    { numRuns: 200, seed: 13 },
  );
});

it("a limited number of workers is listed, and further workers are counted", () => {
  const states = (count: number, state: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`w${String(at).padStart(2, "0")}`, state]));
  const of = (state: string): Basis => ({
    ...{ last_run: 0, update_seq: 0, maand: "1", plugins: {}, settings: {}, jobs: {}, workers: {}, rollouts: {} },
    ...{
      in_doubt: [],
      kv: {},
      kv_keys: {},
      allocations: { api: { count: 13, all: state, changing: states(13, state) } },
    },
  });
  expect(changesSince(of("a"), of("b"))).toMatchObject([
    {
      where: "job api",
      message: "its recorded state on w00, w01, w02, w03, w04, w05, w06, w07, w08, w09 and 3 more changed",
    },
  ]);
});

it("an allocation without its own fingerprint is named if it probably changed; otherwise only its job is named", () => {
  const of = (all: string): Basis => ({
    ...{ last_run: 0, update_seq: 0, maand: "1", plugins: {}, settings: {}, jobs: {}, workers: {}, rollouts: {} },
    ...{ in_doubt: [], kv: {}, kv_keys: {}, allocations: { api: { count: 3, all, changing: { w1: "a" } } } },
  });
  const messages = (suspects: FindSuspects) => changesSince(of("a"), of("b"), suspects).map(({ message }) => message);
  expect(messages(() => ({ added: ["w4"], changed: ["w1", "w2"] }))).toEqual([
    "is now also on w4",
    "its recorded state on w2 changed",
  ]);
  expect(messages(noSuspects)).toEqual(["its allocations, or their recorded states, changed"]);
});

import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { viewOf } from "./object-view.ts";

const job = { name: "api" };
const owner = Object.freeze({ job, once: () => "of the engine", log: () => "logged", [Symbol.for("own")]: 1 });

/** A view that replaces `once`, and the names of the functions that the view has created. */
function aView() {
  const made: string[] = [];
  const view = viewOf(owner, new Set(["once", "job"]), {
    replace(name, call, of) {
      made.push(name);
      return () => `of the tap, not ${Reflect.apply(call, of, [])}`;
    },
  });
  const read = (name: string | symbol): unknown => Reflect.get(view, name);
  return { view, read, made };
}

describe("a view of an object", () => {
  it("has the properties of the object and replaces some functions", () => {
    const { view, read } = aView();
    expect(read("job")).toBe(job);
    expect(read("log")).toBe(owner.log);
    expect(Reflect.apply(Object(read("once")), undefined, [])).toBe("of the tap, not of the engine");
    expect(["once" in view, "wonce" in view, Object.hasOwn(view, "job"), Object.hasOwn(view, "toString")]).toEqual([
      ...[true, false, true, false],
    ]);
    expect(Reflect.ownKeys(view)).toEqual(Reflect.ownKeys(owner));
  });

  it("creates a replacement function once, when the function is first read", () => {
    const { read, made } = aView();
    expect(made).toEqual([]);
    expect(read("once")).toBe(read("once"));
    expect(made).toEqual(["once"]);
  });

  it("can be copied, with its replaced functions, and printed", () => {
    const { view, read } = aView();
    const copy: { added: number; once?: unknown } = Object.assign({}, view, { added: 1 });
    const { once, ...rest } = copy;
    expect(Object.is(once, read("once"))).toBe(true);
    expect(rest).toEqual({ job, log: owner.log, [Symbol.for("own")]: 1, added: 1 });
    expect(inspect(view)).toContain("job: { name: 'api' }");
    expect(Object.getPrototypeOf(view)).toBe(Object.prototype);
  });

  it("cannot be changed", () => {
    const { view } = aView();
    for (const change of [
      () => Object.assign(view, { job: "web" }),
      () => Object.defineProperty(view, "added", { value: 1 }),
      () => Reflect.deleteProperty(view, "job"),
    ])
      expect(change).toThrow("is read-only; copy the object to change it");
    expect([Reflect.setPrototypeOf(view, null), Reflect.preventExtensions(view)]).toEqual([false, false]);
    expect(inspect(aView().view)).not.toContain("added");
  });
});

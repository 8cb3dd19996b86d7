import { expect, test } from "vitest";
import { Gate } from "./gate.ts";

test("lets so many in at once and the others after them, in order", async () => {
  const gate = new Gate(2);
  const entered: number[] = [];
  const leaves = [1, 2, 3, 4].map((number) =>
    gate.enter().then((leave) => {
      entered.push(number);
      return leave;
    }),
  );
  const [first, second] = await Promise.all(leaves.slice(0, 2));
  expect(entered).toEqual([1, 2]);
  second?.();
  (await leaves[2])?.();
  first?.();
  await leaves[3];
  expect(entered).toEqual([1, 2, 3, 4]);
});

test("a place given back twice is given back once", async () => {
  const gate = new Gate(1);
  const leave = await gate.enter();
  leave();
  leave();
  await gate.enter();
  expect(gate.inside).toBe(1);
  let entered = false;
  gate.enter().then(() => {
    entered = true;
  });
  await Promise.resolve();
  expect(entered).toBe(false);
});

test("who is interrupted leaves the line, and those behind move up", async () => {
  const gate = new Gate(1);
  const interrupt = new AbortController();
  const leave = await gate.enter();
  const second = gate.enter(interrupt.signal);
  const third = gate.enter();
  interrupt.abort(new Error("enough"));
  await expect(second).rejects.toThrow("enough");
  await expect(gate.enter(interrupt.signal)).rejects.toThrow("enough");
  leave();
  (await third)();
  expect(gate.inside).toBe(0);
});

test("narrowed, it waits until enough have left", async () => {
  const gate = new Gate(3);
  const leaves = await Promise.all([gate.enter(), gate.enter(), gate.enter()]);
  gate.narrow(1);
  const next = gate.enter();
  leaves[0]?.();
  leaves[1]?.();
  expect(gate.inside).toBe(1);
  leaves[2]?.();
  await next;
  expect(gate.inside).toBe(1);
});

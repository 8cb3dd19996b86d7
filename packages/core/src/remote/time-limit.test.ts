import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { timeLimit } from "./time-limit.ts";

it("a time limit that only a combined signal references survives garbage collection", async () => {
  setFlagsFromString("--expose-gc");
  const tidyUp: () => void = runInNewContext("gc");
  const joined = () => AbortSignal.any([timeLimit(150), new AbortController().signal]);
  const late = new Promise((resolve) => joined().addEventListener("abort", resolve, { once: true }));
  const tidying = setInterval(tidyUp, 10);
  await late;
  clearInterval(tidying);
});

it("a time limit that exceeds the longest timer does not abort immediately", async () => {
  const limit = timeLimit(1e12);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(limit.aborted).toBe(false);
});

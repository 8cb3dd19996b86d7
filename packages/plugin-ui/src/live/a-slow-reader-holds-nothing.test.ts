import { afterEach, expect, it } from "vitest";
import type { Wake } from "../contract.ts";
import { Wakes } from "./wakes.ts";

const wakes: Wakes[] = [];
afterEach(() => {
  for (const one of wakes.splice(0)) one.close();
});

function aStream() {
  const made = new Wakes(() => new Date("2026-01-31T12:00:00Z"));
  wakes.push(made);
  return made;
}

/** Reads the messages in one part of a stream. */
async function next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Wake[]> {
  const { value, done } = await reader.read();
  if (done) return [];
  const text = new TextDecoder().decode(value);
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, json = ""]) => JSON.parse(json));
}

function readerOf(stream: Response): ReadableStreamDefaultReader<Uint8Array> {
  if (!stream.body) throw new Error("the stream has no body");
  return stream.body.getReader();
}

it("a stream sends hello, and then all notifications in order", async () => {
  const wake = aStream();
  const reader = readerOf(wake.stream("s"));
  expect(await next(reader)).toMatchObject([{ kind: "hello", seq: 0 }]);
  wake.tell({ kind: "fleet" });
  wake.tell({ kind: "run", run: "r", last_event: 4 });
  const messages: Wake[] = [];
  while (messages.length < 2) messages.push(...(await next(reader)));
  expect(messages).toMatchObject([
    { kind: "fleet", seq: 1 },
    { kind: "run", seq: 2, run: "r", last_event: 4 },
  ]);
});

it("a browser that reads late gets at most four of many notifications, and the last of them is the newest", async () => {
  const wake = aStream();
  const reader = readerOf(wake.stream("s"));
  await next(reader);
  for (let at = 1; at <= 1000; at += 1) {
    wake.tell({ kind: "fleet" });
    wake.tell({ kind: "run", run: "r", last_event: at });
  }
  const messages: Wake[] = [];
  while (messages.at(-1)?.seq !== 2000) messages.push(...(await next(reader)));
  expect(messages.length).toBeLessThanOrEqual(4);
  expect(messages.at(-1)).toMatchObject({ kind: "run", seq: 2000, last_event: 1000 });
});

it("a fifth stream of one browser closes that browser's oldest stream, and a closed stream is removed", async () => {
  const wake = aStream();
  const readers = Array.from({ length: 5 }, () => readerOf(wake.stream("s")));
  expect(wake.open).toBe(4);
  await next(readers[0] ?? readerOf(new Response()));
  expect((await readers[0]?.read())?.done).toBe(true);
  await readers[1]?.cancel();
  expect(wake.open).toBe(3);
  readerOf(wake.stream("another"));
  expect(wake.open).toBe(4);
});

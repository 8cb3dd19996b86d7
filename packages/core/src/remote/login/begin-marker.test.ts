import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { BeginMarker, readToMarker } from "./begin-marker.ts";

function take(...chunks: readonly string[]) {
  const seen: { begun: boolean; pid?: number; text: string } = { begun: false, text: "" };
  const marker = new BeginMarker(
    (pid) => {
      seen.begun = true;
      if (pid !== undefined) seen.pid = pid;
    },
    (chunk) => {
      seen.text += chunk;
    },
  );
  for (const chunk of chunks) marker.push(Buffer.from(chunk));
  marker.end();
  return seen;
}

test.each([
  ["the marker alone", ["\nmaand-begin\n"], { begun: true, text: "" }],
  ["a marker with a process id", ["\nmaand-begin 7\nout"], { begun: true, pid: 7, text: "out" }],
  ["a marker in several chunks", ["\nmaa", "nd-begin 1", "2\n", "rest"], { begun: true, pid: 12, text: "rest" }],
  ["a marker after the output of a login", ["Welcome\n\nmaand-begin\nout\n"], { begun: true, text: "out\n" }],
  ["a marker after an unterminated line", ["Welcome", "\nmaand-begin\n", "out"], { begun: true, text: "out" }],
  ["output without a marker", ["no such\n", "shell"], { begun: false, text: "no such\nshell" }],
  ["a second marker as output", ["\nmaand-begin\n", "\nmaand-begin\n"], { begun: true, text: "\nmaand-begin\n" }],
  [
    "a marker in the middle of a line as output",
    ["+ sh -c maand-begin $$\n"],
    { begun: false, text: "+ sh -c maand-begin $$\n" },
  ],
])("BeginMarker reads %s", (_, chunks, expected) => {
  expect(take(...chunks)).toEqual(expected);
});

test("BeginMarker drops a megabyte of login output before the marker", () => {
  expect(take("x".repeat(1_000_000), "\nmaand-begin\nout")).toEqual({ begun: true, text: "out" });
});

test("BeginMarker passes on the bytes of the command unchanged", () => {
  const bytes = Buffer.from([0, 255, 254, 10, 13, 0]);
  const seen: Buffer[] = [];
  const marker = new BeginMarker(
    () => {},
    (chunk) => seen.push(chunk),
  );
  marker.push(Buffer.concat([Buffer.from("noise\nmaand-begin\n"), bytes.subarray(0, 2)]));
  marker.push(bytes.subarray(2));
  expect(Buffer.concat(seen)).toEqual(bytes);
});

test.each([
  [["noise\nmaand-begin\n"], ""],
  [["noise\nmaand-be", "gin\nab", "cd"], "abcd"],
])("readToMarker leaves the rest of the stream to its next reader: %j", async (chunks, rest) => {
  const stream = new PassThrough();
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  expect(await readToMarker(stream)).toBeUndefined();
  await new Promise(setImmediate); // a reader that starts later must not miss the end
  expect(await text(stream)).toBe(rest);
});

test("readToMarker returns the content of a stream that ends without the marker", async () => {
  const stream = new PassThrough();
  stream.end("no such shell");
  expect(await readToMarker(stream)).toBe("no such shell");
});

import { expect, test } from "vitest";
import { liveBufferBytes } from "./live-memory.ts";

const MIB = 1024 * 1024;

test("liveBufferBytes does not count buffers without a reference", () => {
  const before = liveBufferBytes();
  let most = 0;
  for (let round = 0; round < 5; round += 1) {
    for (let at = 0; at < 300; at += 1) Buffer.from(new ArrayBuffer(MIB / 16)).fill(1);
    most = Math.max(most, liveBufferBytes() - before);
  }
  expect(most).toBeLessThan(MIB);
});

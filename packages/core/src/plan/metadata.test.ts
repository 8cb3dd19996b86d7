import { afterEach, expect, it, vi } from "vitest";
import { contentHash } from "../domain/deploy/digest.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import { isDelivered, metadataOf } from "./metadata.ts";

const PROGRAM = "print('a large program')\n".repeat(1_000);

afterEach(() => vi.restoreAllMocks());

function workerAt(at: number): Worker {
  const host = `10.0.0.${at}`;
  return { workerId: `w${at}`, host, labels: ["worker"], tags: {}, memoryMb: 0, cpuMhz: 0, position: at };
}

/** The metadata of many workers that all receive one program. */
function metadataOfMany(count: number, program = PROGRAM) {
  const bucket = { bucketId: "b", plugins: [{ workerFiles: { runner: program } }] };
  const source: unknown = { bucket, allocationsOn: new Map() };
  return Array.from({ length: count }, (_, at) =>
    metadataOf(source as Parameters<typeof metadataOf>[0], workerAt(at), 7),
  );
}

it("the programs that all workers receive are converted to JSON once for any number of workers", () => {
  const stringify = vi.spyOn(JSON, "stringify");
  metadataOfMany(50);
  const ofProgram = stringify.mock.calls.filter(([value]) => Array.isArray(value) && value.flat().includes(PROGRAM));
  expect(ofProgram).toHaveLength(1);
});

it("the digest of metadata covers the names and texts of all files, without the sequence number", () => {
  for (const program of ["one", "two"]) {
    const [metadata] = metadataOfMany(1, program);
    const [[, own = ""] = [], ...others] = metadata?.files ?? [];
    expect(metadata?.digest).toBe(
      contentHash(JSON.stringify([own.replace('"update_seq": 7', '"update_seq": 0'), ...others])),
    );
    expect(isDelivered(metadata?.files ?? new Map(), { seq: 7, metadata: metadata?.digest, tools: undefined })).toBe(
      true,
    );
  }
});

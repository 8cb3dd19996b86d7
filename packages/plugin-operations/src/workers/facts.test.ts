import { describe, expect, it } from "vitest";
import { readFacts, withFacts } from "./facts.ts";

const MEMORY = "MemTotal:        8039400 kB\n";

describe("the facts of a machine", () => {
  it("are its memory, rounded up, and the total clock rate of its cores", () => {
    expect(readFacts(`${MEMORY}online: 4\ncpu MHz\t\t: 2399.998\n`)).toEqual({ memoryMb: 7851, cpuMhz: 9600 });
  });

  it("use the maximum clock rate if a core does not report its current one", () => {
    expect(readFacts(`${MEMORY}online: 2\nCPU max MHz:        3000.0000\n`)).toMatchObject({ cpuMhz: 6000 });
  });

  it.each([
    ["", "its memory size is unknown"],
    [MEMORY, "its CPU speed is unknown"],
    [`${MEMORY}online: 2\n`, "its CPU speed is unknown"],
    ["online: 2\ncpu MHz : 1000\n", "its memory size is unknown"],
  ])("cannot be parsed if a value is missing: %j", (output, why) => expect(readFacts(output)).toBe(why));
});

describe("an entry of workers.json", () => {
  it("gets its known keys in a fixed order, followed by unknown keys", () => {
    const entry = { rack: 7, tags: { zone: "a" }, host: "10.0.0.1", port: 2222, memory: "1 gb", labels: [] };
    expect(JSON.stringify(withFacts(entry, { memoryMb: 2048, cpuMhz: 4000 }))).toBe(
      '{"host":"10.0.0.1","memory":"2048 mb","cpu":"4000 mhz","tags":{"zone":"a"},"rack":7,"port":2222}',
    );
  });
});

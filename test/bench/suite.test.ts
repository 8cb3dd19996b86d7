import { expect, it } from "vitest";
import { alternate, program } from "./suite.ts";

const node = (text: string) => [process.execPath, "-e", text];

it("contenders run in turns, and the first turn is not counted", async () => {
  const ran: string[] = [];
  const contender = (name: string, turns?: number) => ({
    ...{ name, ...(turns !== undefined && { turns }) },
    run: async () => ({ ms: ran.push(name) }),
  });
  const rows = await alternate(2, [contender("fast"), contender("slow", 1)]);
  expect(ran).toEqual(["fast", "fast", "slow", "fast"]);
  expect(rows).toEqual([
    { name: "fast", ms: [2, 4] },
    { name: "slow", ms: [3] },
  ]);
});

it("a measurement throws if the program fails or does not print success for each worker", async () => {
  const must = { pattern: /^ok$/gm, times: 2 };
  await expect(program(node("process.exit(3)"), "/")).rejects.toThrow("exited with 3");
  await expect(program(node("console.log('ok')"), "/", must)).rejects.toThrow("1 times, not 2:\nok");
  await expect(program(node("console.log('ok'); console.error('ok')"), "/", must)).resolves.toMatchObject({
    ms: expect.any(Number),
  });
});

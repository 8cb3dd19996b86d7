import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { initialised, typedIn } from "../run/typed.test.support.ts";

const PRINTED = "printed.json";
const CONF = `workers_command = ["cat", "${PRINTED}"]\n`;

let root: string;
let maand: ReturnType<typeof typedIn>;

beforeEach(async () => {
  root = await initialised(CONF);
  maand = typedIn(root);
  return () => rmSync(root, { recursive: true, force: true });
});

const prints = (text: string) => writeFileSync(join(root, PRINTED), text);
const hosts = (...numbers: number[]) => JSON.stringify(numbers.map((number) => ({ host: `10.0.0.${number}` })));
const file = () => readFileSync(join(root, "workspace/workers.json"), "utf8");

describe("a build with workers_command", () => {
  it("uses the workers that the program prints, and writes them to workers.json", async () => {
    prints(hosts(1, 2));
    expect(await maand("build")).toMatchObject({ code: 0, out: expect.stringContaining("2 workers") });
    expect(file()).toBe(hosts(1, 2));
    rmSync(join(root, "workspace/workers.json"));
    expect(await maand("build")).toMatchObject({ code: 0 });
    expect(file()).toBe(hosts(1, 2));
  });

  it.each([
    ["fails", "", /workers_command \(cat\) exited with code 1: .*No such file/],
    ["prints nothing", " \n", /workers_command \(cat\) printed nothing/],
    ["prints invalid JSON", "[{", /workspace\/workers.json/],
    ["prints a worker twice", hosts(1, 1), /10\.0\.0\.1/],
  ])("keeps workers.json and the catalog if the program %s", async (_, text, message) => {
    prints(hosts(1));
    await maand("build");
    if (text === "") rmSync(join(root, PRINTED));
    else prints(text);
    const { code, err } = await maand("build");
    expect([code === 0, err]).toEqual([false, expect.stringMatching(message)]);
    expect(file()).toBe(hosts(1));
    expect((await maand("cat", "workers", "--json")).out).toContain("10.0.0.1");
  });

  it("refuses to remove more than half of the workers without --yes", async () => {
    prints(hosts(1, 2, 3, 4));
    await maand("build");
    prints(hosts(1));
    const refused = await maand("build");
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toContain("workers_command left out 3 of 4 workers: 10.0.0.2, 10.0.0.3, 10.0.0.4");
    expect(refused.err).toContain("build with --yes");
    expect(file()).toBe(hosts(1, 2, 3, 4));
    prints(hosts(1, 2));
    expect(await maand("build")).toMatchObject({ code: 0 }); // half of them
    prints(hosts(7));
    expect(await maand("build", "--yes")).toMatchObject({ code: 0 });
    expect(file()).toBe(hosts(7));
  });

  it("runs the program for maand plan --build too, but does not write workers.json", async () => {
    prints(hosts(1));
    await maand("build");
    prints(hosts(1, 2));
    expect(await maand("plan", "--build")).toMatchObject({ code: 0 });
    expect(file()).toBe(hosts(1));
  });

  it("reports a program that cannot be started", async () => {
    writeFileSync(join(root, "maand.conf"), 'workers_command = ["no-such-program-here"]\n');
    expect(await maand("build")).toMatchObject({
      code: 1,
      err: expect.stringContaining(
        "workers_command (no-such-program-here) cannot be started: there is no such program",
      ),
    });
  });
});

import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { inOrder, SECONDS } from "./longest-first.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

function file(project: string, path: string) {
  return { project: { name: project }, moduleId: join(ROOT, path) };
}

it("the order begins with the end-to-end tests, keeps each project together, and begins each with its longest files", () => {
  const [short, simulation] = [file("unit", "test/short.test.ts"), file("unit", "test/simulation/simulation.test.ts")];
  const [quick, doctor] = [
    file("e2e", "test/e2e/quick.e2e.test.ts"),
    file("e2e", "test/e2e/workers/doctor-finds-what-deploy-repairs.e2e.test.ts"),
  ];
  const postgres = file("e2e-postgres", "test/e2e/quick.e2e.test.ts");
  expect(inOrder([short, quick, postgres, simulation, doctor])).toEqual([doctor, quick, postgres, simulation, short]);
});

it("every file with a known duration exists", () => {
  const missing = Object.keys(SECONDS).filter(
    (name) => ![".test.ts", ".e2e.test.ts"].some((end) => existsSync(join(ROOT, `${name}${end}`))),
  );
  expect(missing).toEqual([]);
});

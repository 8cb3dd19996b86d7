import { describe } from "vitest";
import { DatabaseLink } from "./database/database-link.ts";
import { databasePromises } from "./database/promises.ts";
import { SimulatedDatabase } from "./database/simulated-database.ts";
import { SimulatedProcess } from "./world/process.ts";
import { World } from "./world/world.ts";

/** `test/team/simulated-database.test.ts` has the same tests for PostgreSQL. */
describe("the simulated database", () => {
  const world = new World(1);
  const database = new SimulatedDatabase();
  const ends = {
    ...{ world, database, process: new SimulatedProcess("test") },
    faults: { reaches: () => true, areOn: false, kill: false },
  };
  const options = {
    target: { url: "postgres://database/maand", password: undefined, application: "test" },
    patience: { limitMs: 1000, attemptMs: 1000 },
  };
  databasePromises(() => ({
    connect: () => new DatabaseLink(ends, options),
    expire: () => world.block(60_000),
  }));
});

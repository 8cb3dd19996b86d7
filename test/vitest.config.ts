import { createRequire } from "node:module";
import { defineConfig } from "vitest/config";

/** Its package names its entry without an extension, and Vite would take the one Node cannot load. */
const clipanion = { find: /^clipanion$/, replacement: createRequire(import.meta.url).resolve("clipanion") };

/** Packages run from their sources in tests: no build comes first. */
const fromSource = {
  resolve: { conditions: ["source"], alias: [clipanion] },
  ssr: { resolve: { conditions: ["source"], externalConditions: ["source"] } },
};

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    projects: [
      {
        ...fromSource,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "plugins-examples/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**", "test/**/*.e2e.test.ts"],
          maxWorkers: "100%",
          sequence: { groupOrder: 1 },
          testTimeout: 60_000, // a busy machine is no failure
          hookTimeout: 60_000,
        },
      },
      {
        ...fromSource,
        test: {
          name: "e2e",
          globalSetup: "test/support/built.ts",
          include: ["test/**/*.e2e.test.ts"],
          maxWorkers: 2, // fleets keep out of each other's way; more of them only make each other late
          sequence: { groupOrder: 2 },
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});

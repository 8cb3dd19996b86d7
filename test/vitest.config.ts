import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { defineConfig } from "vitest/config";
import { filesInMemory } from "./support/files-in-memory.ts";
import { LongestFirst } from "./support/longest-first.ts";
import { MAIN_SUITES, ONLY_SQLITE_FILES } from "./support/postgres/only-sqlite.ts";
import { postgresPrograms } from "./support/postgres/postgres.ts";
import { IN_POSTGRES } from "./support/postgres/test-store.ts";
import { pathToPython } from "./support/python-on-path.ts";

// Node reads it for os.tmpdir(), and so do the processes that run the tests
process.env.TMPDIR ??= filesInMemory() ?? tmpdir();
process.env.PATH = pathToPython(process.env.PATH ?? "");
// every start of Node would parse these certificates for 50 ms, and only the slow tests contact a package registry
if (process.env.MAAND_SLOW !== "1") delete process.env.NODE_EXTRA_CA_CERTS;

/** Tests that start a PostgreSQL server; scripts/test.sh reports where it cannot be installed. */
const WITH_POSTGRES = postgresPrograms() === undefined ? ["test/team/**"] : [];

/**
 * Files that take half a minute and more each, and test what few changes touch: packages as they are installed, the
 * examples, shells, examples of the documentation and its website. They run with MAAND_SLOW=1, which CONTRIBUTING.md
 * requires before a release.
 */
const SLOW =
  process.env.MAAND_SLOW === "1"
    ? []
    : [
        "test/docs/coming-from.e2e.test.ts",
        "test/docs/openings.e2e.test.ts",
        "test/docs/website.e2e.test.ts",
        "test/e2e/install/**",
        "test/e2e/jobs/a-shell-completes-command-lines.e2e.test.ts",
        "test/e2e/plugins/example-plugins-deploy.e2e.test.ts",
        "test/e2e/plugins/packed-packages-install.e2e.test.ts",
        "test/simulation/command.e2e.test.ts",
      ];

/** MAAND_TEST_STORE=postgres runs the main end-to-end tests, and only them, with the stores of their buckets in PostgreSQL. */
const IS_IN_POSTGRES = process.env.MAAND_TEST_STORE === "postgres";

/** The test files that run a second time with stores in PostgreSQL whenever all tests run. */
const TWICE = [
  "a-rollback-brings-a-release-back",
  "an-unhealthy-batch-stops-the-job",
  "drain-stops-and-re-enable-starts",
  "first-deploy",
  "removed-jobs-are-stopped-and-cleaned-up",
  "rolling-upgrade-keeps-the-limit",
  "second-deploy-does-nothing",
  "some-workers-only-and-left-behind",
].map((name) => `test/e2e/deploy/${name}.e2e.test.ts`);

/** Its package names its entry without an extension, and Vite would choose the one that Node cannot load. */
const clipanion = { find: /^clipanion$/, replacement: createRequire(import.meta.url).resolve("clipanion") };

/** Packages run from their sources in tests: no build is needed. */
const fromSource = {
  resolve: { conditions: ["source"], alias: [clipanion] },
  ssr: { resolve: { conditions: ["source"], externalConditions: ["source"] } },
};

/** Files of one process share the modules they import: loading the engine for each would be half of all work. */
const shared = {
  isolate: false,
  maxWorkers: 5, // end-to-end tests wait almost half of the time, and every fleet has its own addresses
  testTimeout: 300_000, // a slow or busy machine must not fail a test
  hookTimeout: 300_000,
};

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        ...fromSource,
        test: {
          ...shared,
          name: "unit",
          include: IS_IN_POSTGRES
            ? []
            : ["packages/*/{src,app}/**/*.test.ts", "plugins-examples/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/dist/**", "test/**/*.e2e.test.ts", ...WITH_POSTGRES],
        },
      },
      {
        ...fromSource,
        test: {
          ...shared,
          name: "e2e",
          globalSetup: "test/support/built.ts",
          include: IS_IN_POSTGRES ? MAIN_SUITES.map((path) => `${path}/**/*.e2e.test.ts`) : ["test/**/*.e2e.test.ts"],
          exclude: ["**/node_modules/**", ...WITH_POSTGRES, ...SLOW, ...(IS_IN_POSTGRES ? ONLY_SQLITE_FILES : [])],
        },
      },
      {
        ...fromSource,
        test: {
          ...shared,
          name: "e2e-postgres",
          env: IN_POSTGRES,
          globalSetup: ["test/support/built.ts", "test/support/postgres/shared-server.ts"],
          include: postgresPrograms() === undefined || IS_IN_POSTGRES ? [] : TWICE,
        },
      },
    ],
  },
});

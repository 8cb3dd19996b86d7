/** The directories of the main end-to-end tests, which run with both SQLite and PostgreSQL. */
export const MAIN_SUITES = ["crash", "deploy", "jobs", "plugins", "workers"].map((name) => `test/e2e/${name}`);

/** The files in these directories that run only with SQLite, and the reasons. */
export const ONLY_SQLITE: Readonly<Record<string, string>> = {
  "crash/a-bucket-of-another-user": "it creates the files of buckets itself",
  "crash/a-damaged-store-is-reported":
    "it damages the file of the store; test/team/doctor-and-init damages a working copy",
  "deploy/bad-input-is-refused": "it breaks maand.conf, which names the store",
  "deploy/two-copies-of-a-bucket": "copies of a bucket share its store in PostgreSQL; test/team/two-copies covers them",
};

/** The paths of these files. */
export const ONLY_SQLITE_FILES = Object.keys(ONLY_SQLITE).map((name) => `test/e2e/${name}.e2e.test.ts`);

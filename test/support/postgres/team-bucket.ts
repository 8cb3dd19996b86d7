import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LocalBucket, localBucket } from "../bucket/local-bucket.ts";
import type { Ended, Running } from "../bucket/maand.ts";
import { until } from "../fleet/until.ts";

/** The password of the user in the URLs of `Postgres.database`. */
export const ENVIRONMENT = { PGPASSWORD: "secret" };

/** A bucket with its store in PostgreSQL, and a job whose start waits for the test. */
export interface TeamBucket extends LocalBucket {
  /** Starts a deploy of a new version, and resolves once the job is starting on the first worker. */
  deployTo(version: string): Promise<Running>;
  /** Lets every current and later start continue. */
  open(): void;
  /** The starts of a version on all workers. */
  starts(version: string): string[];
}

/** Creates a bucket whose job rolls out to two workers, one at a time, and moves its store to the database. */
export async function teamBucket(url: string, conf = ""): Promise<TeamBucket> {
  const bucket = await localBucket(2);
  const directory = mkdtempSync(join(tmpdir(), "maand-gate-"));
  const [closed, begun] = [join(directory, "closed"), join(directory, "begun")];
  bucket.write("maand.conf", `${conf}${bucket.read("maand.conf")}`);
  const makefile = `start restart:
	@mkdir -p data; echo "$@ $(NEW_VERSION)" >> data/lifecycle
	@if test -e ${closed}; then touch ${begun}; while test -e ${closed}; do sleep 0.02; done; fi
stop:
	@true
`;
  const job = (version: string) =>
    bucket.job("api", { version, selectors: ["worker"], max_concurrent_upgrades: 1 }, { Makefile: makefile });
  job("0.0.0");
  await bucket.type("maand build\nmaand deploy");
  await bucket.type(`maand store move --to ${url.replace(":secret@", "@")}`);
  return {
    ...bucket,
    async deployTo(version) {
      writeFileSync(closed, "");
      job(version);
      const run = bucket.start(["deploy", "--build"], { env: ENVIRONMENT });
      let over: Ended | undefined;
      void run.ended.then((ended) => {
        over = ended;
      });
      await until("the first start", () => existsSync(begun) || over);
      if (over) throw new Error(over.stderr);
      return run;
    },
    open: () => rmSync(closed),
    starts: (version) =>
      bucket.hosts.flatMap((host) => bucket.lifecycle("api", host).filter((line) => line.endsWith(` ${version}`))),
    dispose() {
      rmSync(directory, { recursive: true, force: true });
      bucket.dispose();
    },
  };
}

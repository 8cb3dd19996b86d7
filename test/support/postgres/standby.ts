import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { until } from "../fleet/until.ts";
import { account, configure, freePort, newHome, type Postgres, programOf, psql, serverIn } from "./postgres.ts";

/** A server that follows another one by streaming replication, asynchronously. */
export interface Standby extends Postgres {
  /** Resolves when the standby has all current data of the primary. */
  caughtUp(): Promise<void>;
  /** Ends its connection to the primary, so that it lacks later changes. */
  detach(): Promise<void>;
  /** Makes the standby an independent primary. */
  promote(): Promise<void>;
}

/** Starts a standby of a server, from a base backup. */
export async function startStandby(primary: Postgres): Promise<Standby> {
  const home = newHome();
  const place = { home, data: join(home, "data"), port: await freePort() };
  const backup = ["-D", place.data, "-h", primary.home, "-p", String(primary.port), "-U", "postgres"];
  execFileSync(programOf("pg_basebackup"), [...backup, "--write-recovery-conf", "--no-sync", "-c", "fast"], {
    ...account(),
    cwd: home,
    stdio: ["ignore", "ignore", "pipe"],
  });
  configure(place);
  const server = serverIn(place);
  await server.start();
  const run = (text: string) => psql(place.port, "postgres", text);
  const caughtUp = async () => {
    const end = psql(primary.port, "postgres", "SELECT pg_current_wal_flush_lsn()");
    await until("the standby to have all data", () => run(`SELECT pg_last_wal_replay_lsn() >= '${end}'`) === "t");
  };
  await caughtUp();
  return {
    ...server,
    caughtUp,
    async detach() {
      run("ALTER SYSTEM SET primary_conninfo = ''");
      run("SELECT pg_reload_conf()");
      await until("the standby to lose its connection", () => run("SELECT count(*) FROM pg_stat_wal_receiver") === "0");
    },
    async promote() {
      run("SELECT pg_promote()");
      await until("the standby to accept writes", () => run("SELECT pg_is_in_recovery()") === "f");
    },
  };
}

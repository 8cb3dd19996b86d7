import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ACCOUNT, ensureAccount } from "./account.ts";
import { type KeyPair, makeKey } from "./keys.ts";
import { fleetRefusal } from "./permission.ts";
import { claimRange, freePort, type Range } from "./range.ts";
import { FleetWorker } from "./worker.ts";

/** Options of a fleet. */
export interface FleetOptions {
  readonly count: number;
  /** Log in as an unprivileged user with sudo (default), or as root without sudo. */
  readonly sudo?: boolean;
  /** Size of each worker's `/opt/worker` in KiB; default: as large as this machine's disk. */
  readonly diskKb?: number;
  /** Loopback addresses of the workers; default: a range that no other fleet uses. The ports are always free ports. */
  readonly addresses?: readonly string[];
  /** Lines for every sshd's configuration, such as `MaxSessions 2`. */
  readonly sshdConfig?: readonly string[];
}

/** Running workers, with everything that a bucket needs to connect to them. */
export interface Fleet {
  readonly workers: readonly FleetWorker[];
  /** A private directory, which is removed at the end. Tests can create buckets in it. */
  readonly directory: string;
  readonly user: string;
  readonly sudo: boolean;
  /** The key with which to log in. */
  readonly key: KeyPair;
  /** Text for the bucket's `maand.conf`. */
  readonly conf: string;
  /** Entries for the bucket's `workers.json`, with these labels. */
  workersJson(labels?: readonly string[]): { host: string; port: number; labels: string[] }[];
  /** Stops all workers and removes the directory. Safe to call twice. */
  close(): Promise<void>;
}

/** Starts workers. Throws an error with a one-line reason if this machine does not permit that. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const refusal = fleetRefusal();
  if (refusal) throw new Error(refusal);
  await ensureAccount();
  const [range, directory] = await Promise.all([claimRange(), mkdtemp(join(tmpdir(), "maand-fleet-"))]);
  await chmod(directory, 0o711); // sshd reads authorized_keys as the user who logs in
  const key = await makeKey(join(directory, "client_key"));
  const workers: FleetWorker[] = [];
  const close = async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    range.release();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    for (let index = 0; index < options.count; index++) {
      workers.push(await makeWorker(index, range, directory, key, options));
    }
    await Promise.all(workers.map((worker) => worker.open()));
  } catch (error) {
    await close();
    throw error;
  }
  return { workers, directory, key, close, ...access(options.sudo ?? true, key, workers) };
}

/** Starts a fleet, calls `use` with it, and then stops it, even if `use` throws. */
export async function withFleet<T>(options: FleetOptions, use: (fleet: Fleet) => Promise<T>): Promise<T> {
  const fleet = await startFleet(options);
  try {
    return await use(fleet);
  } finally {
    await fleet.close();
  }
}

async function makeWorker(
  index: number,
  range: Range,
  directory: string,
  key: KeyPair,
  options: FleetOptions,
): Promise<FleetWorker> {
  const address = options.addresses?.[index] ?? range.address(index);
  return new FleetWorker({
    directory: join(directory, `w${index + 1}`),
    address,
    port: await freePort(address),
    authorizedKeys: key.publicKey,
    diskKb: options.diskKb,
    sshdConfig: options.sshdConfig ?? [],
  });
}

function access(sudo: boolean, key: KeyPair, workers: readonly FleetWorker[]) {
  const user = sudo ? ACCOUNT : "root";
  return {
    user,
    sudo,
    conf: `ssh_user = "${user}"\nssh_key = "${key.path}"\nuse_sudo = ${sudo}\n`,
    workersJson: (labels: readonly string[] = ["worker"]) =>
      workers.map(({ host, port }) => ({ host, port, labels: [...labels] })),
  };
}

import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { ConnectContext, HostKey, Remote, Settings, Worker } from "@maand/core";
import { createHooks, DEFAULT_SETTINGS } from "@maand/core/internal";
import { type SshOptions, ssh } from "@maand/plugin-ssh";
import type { Fleet } from "./fleet.ts";

/** A bucket's directory with only the files that connections need, and functions to connect to workers. */
export interface WorkerRemotes {
  /** The bucket's directory. */
  readonly root: string;
  readonly knownHosts: string;
  /** Connects to a worker through the `connect` hook, as the engine does. */
  connect(worker: Partial<Worker> & Pick<Worker, "host">, how?: ConnectHow): Promise<Remote>;
  /** Reads the host key of a worker through the `identify` hook. */
  identify(worker: Partial<Worker> & Pick<Worker, "host">): Promise<HostKey>;
  /** The context that the engine would pass to the `connect` hook for a worker. */
  contextFor(worker: Partial<Worker> & Pick<Worker, "host">, how?: ConnectHow): ConnectContext;
  /** Closes all these connections. */
  close(): Promise<void>;
}

/** Options for one connection. */
export interface ConnectHow {
  readonly settings?: Partial<Settings>;
  readonly signal?: AbortSignal;
}

/** Connects to a fleet through plugin-ssh, without the ssh config and agent of the current user. */
export function remotesFor(fleet: Fleet, options: SshOptions = {}): WorkerRemotes {
  const root = mkdtempSync(join(fleet.directory, "bucket-"));
  const hooks = createHooks();
  void ssh({ configFile: join(root, "no-ssh-config"), agent: "", ...options }).apply(hooks);
  const open: Remote[] = [];
  return {
    root,
    knownHosts: join(root, "secrets", "known_hosts"),
    contextFor: (worker, how = {}) => contextFor(fleet, root, worker, how),
    async connect(worker, how = {}) {
      const remote = await hooks.connect.promise(contextFor(fleet, root, worker, how));
      if (!remote) throw new Error(`no plugin connects to ${worker.host}`);
      open.push(remote);
      return remote;
    },
    async identify(worker) {
      const key = await hooks.identify.promise(contextFor(fleet, root, worker, {}));
      if (!key) throw new Error(`no plugin reads the host key of ${worker.host}`);
      return key;
    },
    async close() {
      await Promise.all(open.map((remote) => remote.close()));
    },
  };
}

/** The settings for connections to the workers of a fleet. */
function settingsFor({ user, key, sudo }: Fleet, { plugins, ...own }: Partial<Settings> = {}): Settings {
  const ssh = { ssh_user: user, ssh_key: key.path, use_sudo: sudo };
  return { ...DEFAULT_SETTINGS, ...own, plugins: { ...ssh, ...plugins } };
}

function contextFor(
  fleet: Fleet,
  root: string,
  worker: Partial<Worker> & Pick<Worker, "host">,
  { settings, signal }: ConnectHow,
): ConnectContext {
  const port = fleet.workers.find(({ host }) => host === worker.host)?.port;
  return {
    run: { id: "00000000-0000-4000-8000-000000000001", command: "test" },
    bucket: { id: BUCKET_ID, root },
    settings: settingsFor(fleet, settings),
    signal: signal ?? new AbortController().signal,
    log: () => {},
    emit: () => {},
    backPressure: () => undefined,
    root: `${settingsFor(fleet, settings).workerRoot}/${BUCKET_ID}`,
    worker: {
      workerId: "w",
      labels: [],
      tags: {},
      memoryMb: 0,
      cpuMhz: 0,
      position: 0,
      ...(port && { port }),
      ...worker,
    },
  };
}

/** The id of the bucket in each such directory. */
export const BUCKET_ID = "11111111-2222-4333-8444-555555555555";

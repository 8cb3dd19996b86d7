/** A machine that runs jobs: a resolved entry of `workspace/workers.json`. */
export interface Worker {
  /** Its IPv4 or IPv6 address, or its DNS name. It is unique in the bucket and identifies the worker everywhere. */
  readonly host: string;
  /** UUID, kept while the host stays in the file. */
  readonly workerId: string;
  readonly hostname?: string;
  /** Sorted, without duplicates, lower case; `worker` is always among them. */
  readonly labels: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** MB; 0 if not set. */
  readonly memoryMb: number;
  /** MHz; 0 if not set. */
  readonly cpuMhz: number;
  /** Workers are ordered by position, then by host; default: the index in the file. */
  readonly position: number;
  /** `ssh`, `local` or the transport of a plugin; default: the bucket's `transport`. */
  readonly transport?: string;
  /** ssh port; default: `ssh_port` of the bucket. */
  readonly port?: number;
  /** ssh user; default: `ssh_user` of the bucket. */
  readonly user?: string;
  /** Key file, in `secrets/` or absolute; default: `ssh_key` of the bucket. */
  readonly identity?: string;
}

/** A worker as written, before it has an id. */
export type WorkerSpec = Omit<Worker, "workerId">;

/** The order of workers: by position, then by host, with numbers in host names compared as numbers. */
export function byPosition(a: Pick<Worker, "position" | "host">, b: Pick<Worker, "position" | "host">): number {
  return a.position - b.position || compareHosts(a.host, b.host);
}

/** Created on the first comparison, because creating it takes longer than the rest of a small command. */
let collator: Intl.Collator | undefined;

/** `10.0.0.2` comes before `10.0.0.10`; only identical hosts are equal, so `web1` and `web01` are ordered too. */
export function compareHosts(a: string, b: string): number {
  collator ??= new Intl.Collator("en", { numeric: true });
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

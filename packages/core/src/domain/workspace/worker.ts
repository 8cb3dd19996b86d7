/** A machine that runs jobs: a resolved entry of `workspace/workers.json`. */
export interface Worker {
  /** Its address: IPv4, IPv6 or DNS name; unique in the bucket; how everybody names it. */
  readonly host: string;
  /** UUID, kept while the host stays in the file. */
  readonly workerId: string;
  readonly hostname?: string;
  /** Sorted, without duplicates, lower case; `worker` is always among them. */
  readonly labels: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  /** MB; 0 when nothing was said. */
  readonly memoryMb: number;
  /** MHz; 0 when nothing was said. */
  readonly cpuMhz: number;
  /** Workers are ordered by position, then by host; default: the index in the file. */
  readonly position: number;
  /** `ssh`, `local` or a plugin's word; default: the bucket's `transport`. */
  readonly transport?: string;
  /** ssh port; default: `ssh_port` of the bucket. */
  readonly port?: number;
  /** ssh user; default: `ssh_user` of the bucket. */
  readonly user?: string;
  /** Key file, in `secrets/` or absolute; default: `ssh_key` of the bucket. */
  readonly identity?: string;
}

/** A worker as it is written, before it has an id. */
export type WorkerSpec = Omit<Worker, "workerId">;

/** The order of workers: by position, then by host, with the numbers in it compared as numbers. */
export function byPosition(a: Pick<Worker, "position" | "host">, b: Pick<Worker, "position" | "host">): number {
  return a.position - b.position || compareHosts(a.host, b.host);
}

/** Made when two hosts are first compared: it takes longer than all else a small command does. */
let collator: Intl.Collator | undefined;

/** `10.0.0.2` comes before `10.0.0.10`; only the same host is equal, so `web1` and `web01` have an order too. */
export function compareHosts(a: string, b: string): number {
  collator ??= new Intl.Collator("en", { numeric: true });
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

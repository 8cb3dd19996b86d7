/** Namespaces of the KV store (build.md 11.3). A job's and a worker's name hold no `/`, so no two of them are the same. */
export const NAMESPACE = {
  /** What is true of the whole bucket: its id, jobs and ports. */
  bucket: "maand/bucket",
  /** `bucket.conf`. */
  bucketVars: "vars/bucket",
  /** Workers by label. */
  workers: "maand/worker",
  prometheus: "maand/prometheus",
  worker: (host: string) => `maand/worker/${host}`,
  tags: (host: string) => `maand/worker/${host}/tags`,
  job: (job: string) => `maand/job/${job}`,
  /** The job's table of `bucket.jobs.conf`. */
  overrides: (job: string) => `vars/bucket/job/${job}`,
  /** `vars.toml`, and what the job's hooks put there. */
  jobVars: (job: string) => `vars/job/${job}`,
  /** Encrypted. */
  secrets: (job: string) => `secrets/job/${job}`,
  allocation: (job: string, host: string) => `maand/job/${job}/worker/${host}`,
  /** Hosts of a job's non-removed allocations, from which their namespaces are made; nobody is shown it. */
  members: (job: string) => `maand/job/${job}/worker`,
} as const;

/** The one key of {@link NAMESPACE.members}. */
export const MEMBERS_KEY = "hosts";

/** Beginning of the keys that hold certificates and their keys; what sets them is a plugin. */
export const CERTS = "certs/";

/** Whether a value is kept encrypted: secrets of jobs, and private keys of allocations (decision 26, B28). */
export function isSecret(namespace: string, key: string): boolean {
  if (namespace.startsWith("secrets/job/")) return true;
  return key.endsWith(".key") && key.startsWith(CERTS) && isAllocation(namespace);
}

/** Whether a namespace belongs to one allocation. */
function isAllocation(namespace: string): boolean {
  return /^maand\/job\/[^/]+\/worker\/[^/]+$/.test(namespace);
}

/** Whether a namespace is only there to make others from. */
export function isInternal(namespace: string): boolean {
  return /^maand\/job\/[^/]+\/worker$/.test(namespace);
}

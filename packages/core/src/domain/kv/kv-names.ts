/** The namespaces of the KV store. Names of jobs and workers contain no `/`, so no two namespaces are equal. */
export const NAMESPACE = {
  /** Facts about the whole bucket: its id, jobs and ports. */
  bucket: "maand/bucket",
  /** `bucket.conf`. */
  bucketVars: "vars/bucket",
  /** Workers by label. */
  workers: "maand/worker",
  prometheus: "maand/prometheus",
  worker: (host: string) => `maand/worker/${host}`,
  tags: (host: string) => `maand/worker/${host}/tags`,
  /** The prefix of the namespaces of jobs and of allocations. */
  jobs: "maand/job/",
  job: (job: string) => `maand/job/${job}`,
  /** The job's table of `bucket.jobs.conf`. */
  overrides: (job: string) => `vars/bucket/job/${job}`,
  /** `vars.toml`, and the variables written by the job's hooks. */
  jobVars: (job: string) => `vars/job/${job}`,
  /** Secrets that every job may read. Encrypted. */
  bucketSecrets: "secrets/bucket",
  /** Encrypted. */
  secrets: (job: string) => `secrets/job/${job}`,
  allocation: (job: string, host: string) => `maand/job/${job}/worker/${host}`,
  /** Hosts of a job's allocations that are not removed, from which other namespaces are computed; never shown. */
  members: (job: string) => `maand/job/${job}/worker`,
} as const;

/** The one key of {@link NAMESPACE.members}. */
export const MEMBERS_KEY = "hosts";

/** The prefix of keys that contain certificates and private keys; a plugin sets them. */
export const CERTS = "certs/";

/** Whether a value is stored encrypted: secrets of the bucket and of jobs, and private keys of allocations. */
export function isSecret(namespace: string, key: string): boolean {
  if (namespace === NAMESPACE.bucketSecrets || namespace.startsWith("secrets/job/")) return true;
  return key.endsWith(".key") && key.startsWith(CERTS) && isAllocation(namespace);
}

/** Whether a namespace belongs to one allocation. */
function isAllocation(namespace: string): boolean {
  return /^maand\/job\/[^/]+\/worker\/[^/]+$/.test(namespace);
}

/** Whether a namespace exists only to compute other namespaces. */
export function isInternal(namespace: string): boolean {
  return /^maand\/job\/[^/]+\/worker$/.test(namespace);
}

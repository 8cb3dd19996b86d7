/** Lines for the configuration of every sshd, so that none refuses a login when many arrive at the same time. */
export const HOSTS = ["MaxStartups 1000", "MaxSessions 100"] as const;

/** Whether there are too many workers to measure slow programs more than once, or at all. */
export function isMany(workers: number): boolean {
  return workers >= 200;
}

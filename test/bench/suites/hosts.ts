/** Lines for the configuration of every sshd, so that it accepts many logins at the same time. */
export const HOSTS = ["MaxStartups 1000", "MaxSessions 100"] as const;

/** Whether there are so many workers that slow programs are measured only once, or not at all. */
export function isMany(workers: number): boolean {
  return workers >= 200;
}

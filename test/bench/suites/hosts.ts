/** Lines for every sshd: none refuses a login because many arrive at once. */
export const HOSTS = ["MaxStartups 1000", "MaxSessions 100"] as const;

/** Whether there are so many workers that slow programs are measured once, or not at all. */
export function isMany(workers: number): boolean {
  return workers >= 200;
}

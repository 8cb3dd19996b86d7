import { error, type Report } from "./problem.ts";

/** A port as a manifest declares it: a number, or "any" of the bucket's range. */
export type PortWish = number | "any";

/** Where assigned numbers come from: `port_min` and `port_max` of bucket.conf. */
export interface PortRange {
  readonly min: number;
  readonly max: number;
}

type PortsOf<T> = Readonly<Record<string, Readonly<Record<string, T>>>>;

/** Names that `maand/bucket` needs for itself (decision 23). */
export const RESERVED_PORT_NAMES: readonly string[] = ["jobs", "activejobs", "bucket_id"];

/**
 * Gives every declared port its number: all fixed numbers are taken first, then each assigned port keeps the number it
 * had if that is still free and in range, and takes the lowest free one otherwise (build.md 8, B07). Jobs and names go
 * in sorted order, so two builds of the same workspace agree.
 */
export function assignPorts(
  wishes: PortsOf<PortWish>,
  before: PortsOf<number>,
  range: PortRange,
  report: Report,
): PortsOf<number> {
  const taken = new Map<number, string>();
  const assigned: Record<string, Record<string, number>> = {};
  const declared = Object.keys(wishes)
    .sort()
    .flatMap((job) =>
      Object.entries(wishes[job] ?? {})
        .sort(byName)
        .map(([name, wish]) => ({ job, name, wish })),
    );
  const give = (job: string, name: string, port: number) => {
    taken.set(port, `port "${name}" of job ${job}`);
    assigned[job] = { ...assigned[job], [name]: port };
  };
  for (const { job, name, wish } of declared) {
    if (wish === "any") continue;
    const holder = taken.get(wish);
    if (holder !== undefined) report(collision(job, name, wish, holder));
    else give(job, name, wish);
  }
  const open = declared.filter(({ wish }) => wish === "any");
  const homeless = open.filter(({ job, name }) => {
    const port = before[job]?.[name];
    if (port === undefined || port < range.min || port > range.max || taken.has(port)) return true;
    give(job, name, port);
    return false;
  });
  let next = range.min;
  for (const { job, name } of homeless) {
    while (taken.has(next)) next += 1;
    if (next > range.max) report(exhausted(job, name, range));
    else give(job, name, next);
  }
  return assigned;
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

function collision(job: string, name: string, port: number, holder: string) {
  return error(
    "port_collision",
    portKey(job, name),
    `number ${port} is already ${holder}`,
    "give one of them another number, or {} to have one assigned",
  );
}

function exhausted(job: string, name: string, range: PortRange) {
  return error(
    "port_range_exhausted",
    portKey(job, name),
    `no number is left between ${range.min} and ${range.max}`,
    "widen port_min and port_max in workspace/bucket.conf",
  );
}

function portKey(job: string, name: string): string {
  return `workspace/jobs/${job}/manifest.json: resources.ports.${name}`;
}

import { error, type Report } from "../checks/problem.ts";

/** A port as declared in a manifest: a number, or "any" for a number from the bucket's range. */
export type PortRequest = number | "any";

/** The range of assigned numbers: `port_min` and `port_max` of bucket.conf. */
export interface PortRange {
  readonly min: number;
  readonly max: number;
}

type PortsOf<T> = Readonly<Record<string, Readonly<Record<string, T>>>>;

/** Names that a port cannot have, because the namespace `maand/bucket` uses them as keys. */
export const RESERVED_PORT_NAMES: readonly string[] = ["jobs", "activejobs", "bucket_id"];

interface Declared {
  readonly job: string;
  readonly name: string;
  readonly options: PortRequest;
}

/**
 * Assigns a number to every declared port. Fixed numbers come first. Then each other port keeps its earlier number if
 * the number is still free and in range; otherwise it gets the lowest free number. Jobs and names are processed in
 * sorted order, so that two builds of the same workspace agree.
 */
export function assignPorts(
  requests: PortsOf<PortRequest>,
  before: PortsOf<number>,
  range: PortRange,
  report: Report,
): PortsOf<number> {
  const declared = inOrder(requests);
  const taken = new Map<number, Declared>();
  for (const port of declared) {
    if (port.options === "any") continue;
    const holder = taken.get(port.options);
    if (holder) report(collision(port, port.options, holder));
    else taken.set(port.options, port);
  }
  const unassigned = declared.filter((port) => port.options === "any" && !keep(port, before, range, taken));
  let next = range.min;
  for (const port of unassigned) {
    while (taken.has(next)) next += 1;
    if (next > range.max) report(exhausted(port, range));
    else taken.set(next, port);
  }
  const numbers = new Map([...taken].map(([number, port]) => [port, number]));
  return byJob(declared, numbers);
}

function inOrder(requests: PortsOf<PortRequest>): Declared[] {
  return Object.entries(requests)
    .sort(byName)
    .flatMap(([job, ports]) =>
      Object.entries(ports)
        .sort(byName)
        .map(([name, options]) => ({ job, name, options })),
    );
}

/** Keeps the earlier number of a port if possible. */
function keep(port: Declared, before: PortsOf<number>, range: PortRange, taken: Map<number, Declared>): boolean {
  const number = own(own(before, port.job) ?? {}, port.name);
  if (number === undefined || number < range.min || number > range.max || taken.has(number)) return false;
  taken.set(number, port);
  return true;
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function byJob(declared: readonly Declared[], numbers: ReadonlyMap<Declared, number>): PortsOf<number> {
  const jobs = new Map<string, [string, number][]>();
  for (const port of declared) {
    const number = numbers.get(port);
    if (number === undefined) continue;
    const ports = jobs.get(port.job) ?? [];
    ports.push([port.name, number]);
    jobs.set(port.job, ports);
  }
  return Object.fromEntries([...jobs].map(([job, ports]) => [job, Object.fromEntries(ports)]));
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

function collision(port: Declared, number: number, holder: Declared) {
  return error(
    "port_collision",
    portKey(port),
    `number ${number} is already taken by port "${holder.name}" of job ${holder.job}`,
    "give one of them another number, or {} to assign a free one",
  );
}

function exhausted(port: Declared, range: PortRange) {
  return error(
    "port_range_exhausted",
    portKey(port),
    `no port is left between ${range.min} and ${range.max}`,
    "widen port_min and port_max in workspace/bucket.conf",
  );
}

function portKey({ job, name }: Declared): string {
  return `workspace/jobs/${job}/manifest.json: resources.ports.${name}`;
}

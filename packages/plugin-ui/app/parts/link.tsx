import type { ComponentChildren } from "preact";
import { type Page, route, routeText } from "../model/route.ts";

/** A link to another page of the application. */
export function To({
  page,
  name = "",
  query = {},
  children,
  class: className,
}: {
  readonly page: Page;
  readonly name?: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly children: ComponentChildren;
  readonly class?: string;
}) {
  return (
    <a href={routeText(route(page, name, query))} class={className}>
      {children}
    </a>
  );
}

/** A link to the page of a job. */
export function JobLink({ job }: { readonly job: string }) {
  return (
    <To page="job" name={job} class="name">
      {job}
    </To>
  );
}

/** A link to the page of a worker. */
export function WorkerLink({ worker }: { readonly worker: string }) {
  return (
    <To page="worker" name={worker} class="name host">
      {worker}
    </To>
  );
}

/** Links to the first few workers; the others are counted. */
export function WorkerLinks({ workers, shown = 4 }: { readonly workers: readonly string[]; readonly shown?: number }) {
  const rest = workers.length - shown;
  const listed = rest > 1 ? workers.slice(0, shown) : workers;
  return (
    <span class="list">
      {listed.map((worker) => (
        <WorkerLink key={worker} worker={worker} />
      ))}
      {rest > 1 && <span class="muted">and {rest} more</span>}
    </span>
  );
}

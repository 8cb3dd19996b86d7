import { type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Wake, WakeKind } from "../../src/contract.ts";
import { isWoken, type WakePosition, wakePosition } from "../model/wakes.ts";
import { pace } from "./pace.ts";
import type { RequestError } from "./request-error.ts";
import type { Query, Source } from "./source.ts";

/** A response that is shown. The last response remains while a newer response is being fetched or cannot be fetched. */
export interface Shown<T> {
  readonly data: T | undefined;
  /** The time when `data` was fetched, in milliseconds. */
  readonly at: number;
  /** The reason why the last attempt failed. */
  readonly error: RequestError | undefined;
}

/** The kinds of messages of the stream after which a resource is fetched again. */
export type Wakes = readonly WakeKind[];

interface Open {
  readonly wakes: Wakes;
  readonly run: string | undefined;
  refresh(): void;
}

const open = new Set<Open>();
let source: Source;
let position: WakePosition | undefined;

/** Sets the source of all resources; called once, before anything is shown. */
export function readFrom(given: Source): void {
  source = given;
}

export function currentSource(): Source {
  return source;
}

/**
 * Fetches the resources that a stream message concerns again; after a gap or a restart of the server, fetches
 * everything that is shown.
 */
export function wake(message: Wake): void {
  const { isGap, next } = wakePosition(position, message);
  position = next;
  for (const one of open) if (isGap || isWoken(message, one.wakes, one.run)) one.refresh();
}

/** Fetches everything that is shown again. */
export function refreshAll(): void {
  for (const one of open) one.refresh();
}

/** Registers a resource that is fetched again after messages of these kinds; returns a function that removes it. */
export function onWake(wakes: Wakes, run: string | undefined, refresh: () => void): () => void {
  const one: Open = { wakes, run, refresh };
  open.add(one);
  return () => {
    open.delete(one);
  };
}

/**
 * The response for a path, fetched again after each message of these kinds. The request is aborted when no component
 * shows the response any more.
 */
export function useResource<T>(path: string | undefined, query: Query, wakes: Wakes): ReadonlySignal<Shown<T>> {
  const key = `${path}?${JSON.stringify(query)}`;
  const resource = useMemo(() => (path === undefined ? undefined : fetching<T>(path, query)), [key]);
  const empty = useMemo(() => signal<Shown<T>>({ data: undefined, at: 0, error: undefined }), []);
  useEffect(() => {
    if (!resource) return;
    resource.refresh();
    const forget = onWake(wakes, undefined, resource.refresh);
    return () => {
      forget();
      resource.stop();
    };
  }, [resource]);
  return resource?.shown ?? empty;
}

function fetching<T>(path: string, query: Query) {
  const shown = signal<Shown<T>>({ data: undefined, at: 0, error: undefined });
  const paced = pace(async (abort) => {
    try {
      const data = await source.get<T>(path, query, abort);
      shown.value = { data, at: Date.now(), error: undefined };
    } catch (error) {
      if (!abort.aborted) shown.value = { ...shown.peek(), error: error as RequestError };
    }
  });
  return { shown, ...paced };
}

import { type ReadonlySignal, signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Wake, WakeKind } from "../../src/contract.ts";
import { isWoken, type WakePosition, wakePosition } from "../model/wakes.ts";
import { pace } from "./pace.ts";
import type { RequestError } from "./request-error.ts";
import type { Query, Source } from "./source.ts";

/** An answer of the server as it is shown: the last one stays while a newer one is fetched or cannot be. */
export interface Shown<T> {
  readonly data: T | undefined;
  /** When `data` was fetched, in milliseconds. */
  readonly at: number;
  /** Why the last attempt failed. */
  readonly error: RequestError | undefined;
}

/** What is fetched again when the stream wakes for one of these kinds. */
export type Wakes = readonly WakeKind[];

interface Open {
  readonly wakes: Wakes;
  readonly run: string | undefined;
  refresh(): void;
}

const open = new Set<Open>();
let source: Source;
let position: WakePosition | undefined;

/** Sets what all resources read from; called once, before anything is shown. */
export function readFrom(given: Source): void {
  source = given;
}

export function currentSource(): Source {
  return source;
}

/** Fetches again what a message of the stream concerns; after a gap, or after a restart of the server, everything that is shown. */
export function wake(message: Wake): void {
  const { isGap, next } = wakePosition(position, message);
  position = next;
  for (const one of open) if (isGap || isWoken(message, one.wakes, one.run)) one.refresh();
}

/** Fetches everything that is shown again. */
export function refreshAll(): void {
  for (const one of open) one.refresh();
}

/** Registers something that is fetched again when the stream wakes for it; returns how to remove it. */
export function onWake(wakes: Wakes, run: string | undefined, refresh: () => void): () => void {
  const one: Open = { wakes, run, refresh };
  open.add(one);
  return () => {
    open.delete(one);
  };
}

/** The answer for a path, fetched again whenever the stream wakes for it; the request is aborted when nothing shows it any more. */
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

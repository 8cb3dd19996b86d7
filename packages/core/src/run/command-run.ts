import type { Maand, RunFrame } from "../bucket/bucket.ts";
import { Connections } from "./connections.ts";
import { knownOf, memoryOf } from "./run.ts";
import type { ActingSource } from "./scope/contexts.ts";
import { temporary } from "./temporary.ts";

/** The same for a command that has no journal, with the way to end it. */
export type Acting = ActingSource & ReturnType<typeof memoryOf> & { end(): Promise<void> };

/** What a command may act with that is no deploy. With `pid` it holds no lock, and that process's name marks its files. */
export function acting(maand: Maand, frame: RunFrame, { pid }: { readonly pid?: number } = {}): Acting {
  const connections = new Connections(frame);
  const place = temporary(maand.paths.tmp, frame.id, pid);
  return {
    maand,
    frame,
    connections,
    ...knownOf(maand.store.catalog.read()),
    ...memoryOf(maand),
    get tmp() {
      return place.tmp;
    },
    async end() {
      await connections.close();
      place.remove();
    },
  };
}

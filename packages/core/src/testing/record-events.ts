import type { EventType, MaandEvent } from "../events.ts";
import type { Hooks } from "../plugin-api/hooks.ts";

/** The events that came by, while it listens. */
export interface EventRecord {
  readonly events: readonly MaandEvent[];
  /** Their types, in order: the score of a run. */
  readonly types: readonly EventType[];
  /** Those of one type, with their own fields. */
  of<T extends EventType>(type: T): Extract<MaandEvent, { type: T }>[];
}

/** Listens to the `event` hook and keeps everything it hears. */
export function recordEvents(hooks: Pick<Hooks, "event">): EventRecord {
  const events: MaandEvent[] = [];
  hooks.event.tap("record", (event) => {
    events.push(event);
  });
  return {
    events,
    get types() {
      return events.map((event) => event.type);
    },
    of: <T extends EventType>(type: T) => events.filter((event) => isOf(event, type)),
  };
}

function isOf<T extends EventType>(event: MaandEvent, type: T): event is Extract<MaandEvent, { type: T }> {
  return event.type === type;
}

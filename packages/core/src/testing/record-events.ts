import type { EventType, MaandEvent } from "../events.ts";
import type { Hooks } from "../plugin-api/hooks.ts";

/** The recorded events. */
export interface EventRecord {
  readonly events: readonly MaandEvent[];
  /** The types of the events, in order. */
  readonly types: readonly EventType[];
  /** The events of one type, with their fields. */
  of<T extends EventType>(type: T): Extract<MaandEvent, { type: T }>[];
}

/** Records every event of the `event` hook. */
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

import type * as v from "valibot";
import type { ENTRIES, TABLES } from "./settings-schema.ts";

type Keys<Entries extends v.ObjectEntries> = Readonly<v.InferInput<v.ObjectSchema<Entries, undefined>>>;

/**
 * The keys of `maand.conf` as written. A plugin adds its own keys for configurations in TypeScript: `declare module
 * "@maand/core" { interface SettingsWritten extends WrittenKeys<typeof SLACK> {} }`.
 */
export interface SettingsWritten extends Keys<typeof ENTRIES> {
  readonly logs?: Keys<(typeof TABLES)["logs"]["entries"]>;
  readonly timeouts?: TimeoutsWritten;
}

/** The keys of the table `timeouts`; a plugin adds its own keys in the same way. */
export interface TimeoutsWritten extends Keys<(typeof TABLES)["timeouts"]["entries"]> {}

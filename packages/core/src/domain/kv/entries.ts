/** Keys and values of one namespace. */
export type KvEntries = ReadonlyMap<string, string>;

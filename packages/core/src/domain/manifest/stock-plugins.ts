/** Keys of a manifest that stock plugins own, for the hint when such a plugin was taken out. Core imports none of them. */
export const STOCK_KEYS: ReadonlyMap<string, string> = new Map([
  ["certs", "@maand/plugin-certs"],
  ["health_check", "@maand/plugin-health"],
]);

/** What to do about something that a stock plugin would have taken care of. */
export function addPlugin(name: string): string {
  return `add ${name} to the plugins of the configuration`;
}

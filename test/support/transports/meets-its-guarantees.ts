import { checkTransport } from "@maand/core/testing";
import { expect, it } from "vitest";
import { page, tableRows } from "../../docs/pages.ts";
import { TRANSPORTS } from "./transports.ts";

const MINUTES = 60_000;

/** Tests one of {@link TRANSPORTS}, and compares the results with its column of the table in the docs. */
export function meetsItsGuarantees(name: keyof typeof TRANSPORTS): void {
  it(`the transport ${name} provides the guarantees that docs/plugins/transports.md lists`, {
    timeout: 3 * MINUTES,
  }, async () => {
    const transport = TRANSPORTS[name];
    if (!transport) throw new Error(`there is no transport ${name}`);
    const results = await checkTransport(transport);
    expect(results.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    const documented = page("docs/plugins/transports.md");
    const rows = tableRows(documented, "Check", "Guarantee");
    const column = Object.keys(TRANSPORTS).indexOf(name) + 2;
    const written = rows.map((row) => [row[0], row[1], row[column]]);
    const words = { met: "yes", limit: "limit", failed: "**failed**" };
    expect(written).toEqual(results.map(({ id, guarantee, outcome }) => [`\`${id}\``, guarantee, words[outcome]]));
    for (const { id, reason } of results.filter(({ outcome }) => outcome === "limit"))
      expect(documented.text).toContain(`- ${name}, \`${id}\`: ${reason}`);
  });
}

import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { generatedFleet } from "../../bench/fleet-page/generated-bucket.ts";
import { servePage } from "../../bench/fleet-page/page-server.ts";
import { CHROMIUM, withPage } from "../../support/ui/browser.ts";

it.each([5, 50])(
  "the columns of a thousand workers with %d jobs are aligned, and the keyboard reaches the last worker",
  { skip: !existsSync(CHROMIUM) },
  async (jobs) => {
    const server = await servePage(generatedFleet(1000, jobs));
    try {
      await withPage(server.url, async ({ page }) => {
        const grid = page.getByRole("grid", { name: "Workers and jobs" });
        await grid.getByRole("gridcell").first().waitFor();
        expect(await grid.getAttribute("aria-rowcount")).toBe("1001");
        expect(await page.evaluate<number>("document.querySelectorAll('[role=row]').length")).toBeLessThan(60);
        expect(await page.evaluate(PLACES)).toBe(jobs);
        await grid.getByRole("rowheader").first().getByRole("link").focus();
        for (const [key, row] of [
          ["End", 1001],
          ["ArrowUp", 1000],
          ["Home", 2],
        ] as const) {
          await page.keyboard.press(key);
          await page.locator(`[role=row][aria-rowindex="${row}"] :focus`).waitFor();
        }
        await page.getByLabel("With zone").selectOption("zone-1");
        await page.getByText(/^333 of 1,000 workers/).waitFor();
        const before = await page.locator(".states").textContent();
        server.show(generatedFleet(1000, jobs, 2));
        await page.waitForFunction(`document.querySelector(".states").textContent !== ${JSON.stringify(before)}`);
      });
    } finally {
      await server.close();
    }
  },
);

/** The number of different positions and widths of cells: one for each column if all rows are aligned. */
const PLACES = `new Set([...document.querySelectorAll("[role=gridcell], [role=columnheader].job")].map((cell) => {
  const { left, width } = cell.getBoundingClientRect();
  return Math.round(left) + " " + Math.round(width);
})).size`;

import { aBucket, beginContext, createHooks } from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { freezeWindow, freezeWindowIn } from "./index.ts";

type Options = Parameters<typeof freezeWindow>[0];

/** 2026-01-30 is a Friday. */
const at = (time: string) => new Date(`2026-01-${time}Z`);

async function begin(now: Date, given: Options = {}, environment: NodeJS.ProcessEnv = {}) {
  const hooks = createHooks();
  await freezeWindowIn(environment)({ timeZone: "UTC", ...given }).apply(hooks);
  const context = beginContext({ now: () => now });
  await hooks.begin.promise(context);
  return context.output.map(({ line }) => line);
}

describe("freeze-window", () => {
  it.each(["30T14:59", "31T15:00", "29T23:59"])("permits a deploy at %s", async (time) => {
    expect(await begin(at(time))).toEqual([]);
  });

  it.each(["30T15:00", "30T23:59"])("refuses a deploy at %s, a Friday", async (time) => {
    await expect(begin(at(time))).rejects.toMatchObject({
      code: "NOT_PERMITTED",
      message: `no deploys on friday from 15:00 until 24:00; it is ${time.slice(3)}`,
      hint: expect.stringContaining("MAAND_THAW="),
    });
  });

  it("uses the configured time zone", async () => {
    await expect(begin(at("30T14:30"), { timeZone: "Europe/Berlin" })).rejects.toThrow("it is 15:30");
    expect(await begin(at("30T15:30"), { timeZone: "America/New_York" })).toEqual([]);
  });

  it("uses the configured windows", async () => {
    const windows = [{ day: "saturday" }, { day: "monday", from: "08:00", until: "12:00" }] as const;
    await expect(begin(at("31T03:00"), { windows: [...windows] })).rejects.toThrow("no deploys on saturday");
    await expect(begin(at("26T11:59"), { windows: [...windows] })).rejects.toThrow("no deploys on monday");
    expect(await begin(at("26T12:00"), { windows: [...windows] })).toEqual([]);
  });

  it("permits a deploy with a reason, and records the reason", async () => {
    expect(await begin(at("30T16:00"), {}, { MAAND_THAW: "the shop is down" })).toEqual([
      "deploying on friday at 16:00, in a freeze window: the shop is down",
    ]);
    await expect(begin(at("30T16:00"), {}, { MAAND_THAW: " " })).rejects.toMatchObject({ code: "NOT_PERMITTED" });
  });

  it("uses the clock of the run, and refuses a deploy before anything changes", async () => {
    const plugins = [freezeWindowIn({})({ timeZone: "UTC" })];
    const bucket = aBucket({ plugins, now: () => at("30T17:00") });
    bucket.workers("10.0.0.1");
    bucket.job("api", { selectors: ["worker"] });
    await expect(bucket.ship()).rejects.toMatchObject({ code: "NOT_PERMITTED" });
    expect(bucket.fleet.connected).toEqual([]);
    expect((await bucket.plan()).required).toBe(true);
    bucket.dispose();
  });

  it("reports invalid options by key", () => {
    const wrong = () => freezeWindow({ windows: [{ day: "friday", from: "3pm" }], timeZone: "Mars/Olympus" });
    expect(wrong).toThrow(
      expect.objectContaining({
        problems: [
          expect.objectContaining({ where: "freeze-window.windows.0.from", message: "must be a time, such as 15:00" }),
          expect.objectContaining({ where: "freeze-window.timeZone", message: "is not a time zone" }),
        ],
      }),
    );
  });
});

import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jobCommands } from "./job-commands.ts";

const HOSTS = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
const PRINTS = 'import maand\nprint("ran", maand.allocation_index(), maand.is_allocation_disabled())\n';
const RAISES = 'import maand\nprint("before")\nmaand.get_kv_value("vars/job/api", "nope")\n';

let bucket: TestBucket;

beforeEach(() => {
  bucket = aBucket({ plugins: [jobCommands()] });
  bucket.workers(...HOSTS);
});

afterEach(() => bucket.dispose());

function write(command: Readonly<Record<string, unknown>>, script: string, more: object = {}): void {
  const manifest = { version: "1.0.0", selectors: ["worker"], commands: { command_x: command }, ...more };
  bucket.job("api", manifest, { "_modules/command_x.py": script });
}

/** The output of scripts, with their workers. */
function printed(): string[] {
  return bucket.events.flatMap((event) =>
    event.type === "output" && event.job === "api" ? `${event.worker} ${event.line}` : [],
  );
}

describe("a command with once", () => {
  it.each(["pre_deploy", "post_deploy", "post_build", "job_control", "after_allocation_started", "health_check"])(
    "runs for the first allocation at %s",
    async (event) => {
      write({ executed_on: [event], once: true }, PRINTS, { max_concurrent_starts: 3 });
      expect(await bucket.ship()).toMatchObject({ outcome: "ok" });
      expect(printed()).toEqual(["10.0.0.1 ran 0 False"]);
    },
  );

  it("runs for each allocation if once is false", async () => {
    write({ executed_on: ["pre_deploy"], once: false }, PRINTS);
    await bucket.ship();
    expect(printed()).toHaveLength(3);
  });

  it("runs for the first active allocation, or for the first allocation if all are disabled", async () => {
    write({ executed_on: ["pre_deploy"], once: true }, PRINTS);
    bucket.disable({ workers: ["10.0.0.1"] });
    await bucket.ship();
    expect(printed()).toEqual(["10.0.0.2 ran 1 False"]);
    bucket.events.length = 0;
    bucket.disable({ workers: HOSTS });
    await bucket.ship();
    expect(printed()).toEqual(["10.0.0.1 ran 0 True"]);
  });

  it("runs for the first allocation of each batch", async () => {
    write({ executed_on: ["after_allocation_started"], once: true }, PRINTS, { max_concurrent_starts: 2 });
    await bucket.ship();
    expect(printed()).toEqual(["10.0.0.1 ran 0 False", "10.0.0.3 ran 2 False"]);
  });

  it("makes all workers unhealthy if it fails as a health check", async () => {
    const wait = { health_check: { wait: { attempts: 1, interval_seconds: 0.05 } } };
    write({ executed_on: ["health_check"], once: true }, RAISES, { ...wait, max_concurrent_starts: 3 });
    await bucket.ship();
    const checked = bucket.events.flatMap((event) =>
      event.type === "health.checked" ? `${event.worker} ${event.ok}` : [],
    );
    expect(checked).toEqual(HOSTS.map((host) => `${host} false`));
  });
});

describe("a script that fails", () => {
  const reason = "failed with exit code 1: maand.KvError: read vars/job/api nope: there is no such key (404)";

  it("is reported once with all workers and its reason, without repeating the traceback", async () => {
    write({ executed_on: ["pre_deploy"] }, RAISES);
    const { failures } = await bucket.ship();
    const message = `command_x (pre_deploy) of api for ${HOSTS.join(", ")} ${reason}`;
    expect(failures).toMatchObject([{ message }]);
    expect(failures[0]?.output ?? []).toEqual([]);
    expect(printed().filter((line) => line.includes("Traceback"))).toHaveLength(3);
  });

  it("in a health check prints its traceback once per worker, and again if it changes", async () => {
    const script = `import os\nplace = ${JSON.stringify(bucket.root)} + "/tries-" + os.environ["ALLOCATION_INDEX"]
open(place, "a").write("x")\nraise ValueError("late" if os.path.getsize(place) > 3 else "early")\n`;
    const wait = { health_check: { wait: { attempts: 5, interval_seconds: 0.01 } } };
    write({ executed_on: ["health_check"] }, script, { ...wait, max_concurrent_starts: 3 });
    const { outcome } = await bucket.ship();
    expect(outcome).toBe("failed");
    const raised = printed().filter((line) => /^\S+ ValueError/.test(line));
    expect(raised.sort()).toEqual(
      HOSTS.flatMap((host) => [`${host} ValueError: early`, `${host} ValueError: late`]).sort(),
    );
  });
});

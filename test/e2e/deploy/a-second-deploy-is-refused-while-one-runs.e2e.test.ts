import { expect, it } from "vitest";
import { withFleetBucket } from "../../support/bucket/fleet-bucket.ts";

const SLOW = `start:
	@mkdir -p data; echo started >> data/lifecycle; echo slow start; while ! test -e data/go; do sleep 0.05; done
stop restart:
`;

it("a second deploy exits with 3 immediately and names the first deploy, which continues", () =>
  withFleetBucket({ count: 1 }, async ({ bucket, workers, directory, lifecycle, rollouts, hosts }) => {
    const [worker] = workers;
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile: SLOW });
    await bucket.maand("build");
    const first = bucket.start(["deploy"]);
    await first.prints("slow start");
    for (const args of [["deploy"], ["build"], ["job", "restart", "api"]]) {
      const second = await bucket.maand(...args);
      expect(second, args.join(" ")).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(new RegExp(`maand deploy \\((\\S+ on \\S+, )?pid ${first.pid},`)),
      });
    }
    for (const args of [
      ["deploy", "--dry-run"],
      ["cat", "deployments"],
    ])
      expect(await bucket.maand(...args), args.join(" ")).toMatchObject({ code: 0 });
    await worker?.write(`${directory("api")}/data/go`, "");
    expect(await first.ended).toMatchObject({ code: 0 });
    expect(worker && (await lifecycle("api", worker))).toEqual(["started"]);
    expect(await rollouts()).toEqual({ [`api@${hosts[0]}`]: "promoted" });
  }));

it("a killed deploy leaves no lock", () =>
  withFleetBucket({ count: 1 }, async ({ bucket, workers, directory, lifecycle }) => {
    const [worker] = workers;
    bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile: SLOW });
    await bucket.maand("build");
    const first = bucket.start(["deploy"]);
    await first.prints("slow start");
    first.kill("SIGKILL");
    await first.ended;
    const rows = await bucket.json<{ in_doubt: boolean; rollout: string }[]>("cat", "deployments");
    expect(rows).toMatchObject([{ in_doubt: true, rollout: "in_doubt" }]);
    expect((await bucket.maand("deploy", "--dry-run")).stdout).toContain("in doubt");
    const second = bucket.start(["deploy"]);
    await second.prints("waiting for");
    await worker?.write(`${directory("api")}/data/go`, "");
    expect(await second.ended).toMatchObject({ code: 0 });
    expect(worker && (await lifecycle("api", worker))).toEqual(["started"]); // the second deploy waited for the command instead of repeating it
  }));

import { expect, it } from "vitest";
import { demandedJobs, reachesWorker } from "./job.ts";

it.each(["Makefile", "manifest.json", "vars.toml", "conf/a.tpl.bak", "lib/_modules/x", ".env", "x_modules/y"])(
  "the file %s is copied to the worker",
  (path) => expect(reachesWorker(path)).toBe(true),
);

it.each(["Makefile.tpl", "conf/a.yml.tpl", "_modules/command_x.py", "_prometheus/alerts/a.yaml"])(
  "the file %s is not copied to the worker",
  (path) => expect(reachesWorker(path)).toBe(false),
);

it("the jobs that a job depends on are listed in order, without duplicates", () => {
  const command = (name: string, job?: string) =>
    job === undefined
      ? { name, executedOn: ["cli"] }
      : { name, executedOn: ["cli"], demands: { job, command: "command_x", config: {} } };
  const commands = [
    command("command_a", "web"),
    command("command_b"),
    command("command_c", "db"),
    command("command_d", "web"),
  ];
  expect(demandedJobs({ commands })).toEqual(["db", "web"]);
});

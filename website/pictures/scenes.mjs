// The scenes that the pictures show, one after another in one bucket.
import { edit, write } from "./bucket.mjs";

const VERSION = (job) => `workspace/jobs/${job}/manifest.json`;

/**
 * The scenes: `before` changes the workspace or types commands that are not shown, and `line` is typed. The picture shows the live
 * screen when it matches `at`, or without `at` the screen at the end.
 */
export function scenesOf(root, type) {
  return [
    {
      name: "plan",
      title: "A dry run: what a deploy would do, why, and which lines of which files would change",
      line: "maand deploy --dry-run --diff --jobs api",
      rows: 60,
      before: async () => {
        edit(root, VERSION("api"), "1.4.0", "1.5.0");
        edit(root, "workspace/jobs/api/api.conf", "workers = 4", "workers = 8");
        await type("maand build");
      },
    },
    {
      name: "deploy",
      title: "A rolling upgrade under way: a line for each job, and what runs on which worker now",
      line: "maand deploy --build",
      at: /api .*2\/4[\s\S]* api on 10\.0\.0\.3/,
      before: async () => {
        edit(root, VERSION("worker"), "2.0.1", "2.1.0");
        edit(root, VERSION("cache"), "7.2.0", "7.2.1");
      },
    },
    {
      name: "deployments",
      title: "Which version of which job runs where",
      line: "maand cat deployments",
      before: async () => {},
    },
    {
      name: "failure",
      title: "A failed upgrade: it stopped at the first worker, and says what to type next",
      line: "maand deploy --build",
      before: async () => {
        edit(root, VERSION("cache"), "7.2.1", "7.3.0");
        edit(
          root,
          "workspace/jobs/cache/Makefile",
          "\t@sleep 0.2",
          "\t@echo 'cache.conf:3: unknown option maxmemory-polcy' >&2; exit 1",
        );
      },
    },
    {
      name: "status",
      title: "What needs attention, each with the next command",
      line: "maand status",
      before: async () => {
        write(root, "workspace/disabled.json", '{ "workers": ["10.0.0.2"] }\n');
        await type("maand deploy --build --jobs api,worker --yes");
        edit(root, "workspace/jobs/api/api.conf", "log = info", "log = debug");
      },
    },
  ];
}

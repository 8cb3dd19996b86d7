// The scenes that the pictures show, one after another in one bucket.
import { edit, write } from "./bucket.mjs";

const VERSION = (job) => `workspace/jobs/${job}/manifest.json`;

/**
 * The scenes. `before` changes the workspace or types commands that the picture does not show. Then `line` is typed.
 * The picture shows the live screen when it first matches `at` or, without `at`, the final screen.
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
      title: "A rolling upgrade in progress: a line for each job, and what is currently running on which worker",
      line: "maand deploy --build",
      at: /api .*2\/4[\s\S]* api on 10\.0\.0\.3/,
      before: async () => {
        edit(root, VERSION("worker"), "2.0.1", "2.1.0");
        edit(root, VERSION("cache"), "7.2.0", "7.2.1");
      },
    },
    {
      name: "deployments",
      title: "Which version of each job runs on which worker",
      line: "maand cat deployments",
      before: async () => {},
    },
    {
      name: "failure",
      title: "A failed upgrade that stopped at the first worker, and the commands to type next",
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
      title: "Everything that needs attention, and the commands to type next",
      line: "maand status",
      before: async () => {
        write(root, "workspace/disabled.json", '{ "workers": ["10.0.0.2"] }\n');
        await type("maand deploy --build --jobs api,worker --yes");
        edit(root, "workspace/jobs/api/api.conf", "log = info", "log = debug");
      },
    },
  ];
}

import { defaultExport, type Kind } from "./kind.ts";

/** Reaches workers through a program. */
export const TRANSPORT: Kind = {
  does: "reaches workers through a program on this machine",
  peers: [],
  schema: true,
  listed: ({ package: name, variable }) => ({ typescript: `${variable}()`, json: `"${name}"` }),
  source: ({ plugin, variable }) => `import { pluginWithOptions, programRemote } from "@maand/core";
import * as v from "valibot";

const TRANSPORT = "${plugin}";

/** The options with their defaults. */
const Options = v.object({
  /** The program that runs a command on a worker; {host} is the host of the worker. */
  program: v.optional(v.array(v.string()), ["kubectl", "exec", "--stdin", "{host}", "--"]),
});

/** Reaches workers with the transport "${plugin}" through a program. */
export const ${variable} = pluginWithOptions({
  name: TRANSPORT,
  options: Options,
  apply({ connect, preflight }, { program }) {
    connect.tapPromise(TRANSPORT, async ({ worker, settings, bucket }) => {
      if ((worker.transport ?? settings.transport) !== TRANSPORT) return undefined;
      return programRemote({
        host: worker.host,
        root: \`\${settings.workerRoot}/\${bucket.id}\`,
        transport: TRANSPORT,
        sudo: false,
        timeoutMs: settings.timeouts.commandMs,
        program: (argv) => [...program.map((word) => word.replace("{host}", worker.host)), ...argv],
        lost: (_code, { begun }) => !begun,
      });
    });
    preflight.tap(TRANSPORT, ({ remote, needs }) => {
      if (remote.transport === TRANSPORT) needs("timeout");
    });
  },
});

${defaultExport(variable)}`,
  test: ({ plugin, variable }) => `import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aWorker, connectContext, testTransport } from "@maand/core/testing";
import { afterAll, beforeAll, describe, it } from "vitest";
import { ${variable} } from "../src/index.ts";

/** Replaces the real program; its only worker is this machine. */
const ENTER = \`#!/bin/sh
[ "$1" = here ] || { echo "there is no worker $1" >&2; exit 1; }
shift
exec "$@"
\`;

const contextOf = (host: string) => connectContext({ worker: aWorker({ host, transport: "${plugin}" }) });

describe("${plugin}", () => {
  testTransport(
    { it, beforeAll, afterAll },
    {
      open() {
        const place = mkdtempSync(join(tmpdir(), "${plugin}-"));
        const enter = join(place, "enter");
        writeFileSync(enter, ENTER);
        chmodSync(enter, 0o755);
        return {
          plugins: ${variable}({ program: [enter, "{host}"] }),
          context: contextOf("here"),
          unreachable: contextOf("elsewhere"),
          close: () => rmSync(place, { recursive: true }),
        };
      },
      limits: {
        cut: "commands run on this machine",
        "after-cut": "commands run on this machine",
      },
    },
  );
});
`,
  usage: ({ plugin }) => `Set the transport of a worker in \`workspace/workers.json\`:

\`\`\`json
[{ "host": "web-0", "transport": "${plugin}" }]
\`\`\`

| Option | Meaning | Default |
| --- | --- | --- |
| \`program\` | the program that runs a command on a worker, as a list; \`{host}\` is the worker's host | \`kubectl exec --stdin {host} --\` |
`,
};

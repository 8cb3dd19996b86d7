import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aWorker, connectContext, type TransportUnderTest } from "@maand/core/testing";
import { dockerExec } from "@maand/example-transport-docker-exec";
import { openNamespace } from "../fleet/namespace.ts";
import { signalAll } from "../fleet/processes.ts";

/** A replacement for docker. Its only container, `box`, is a namespace of mounts and processes. */
const DOCKER = `#!/bin/sh
here=$(dirname "$0")
case "$1 $2" in
"container inspect")
  [ "$5" = box ] && echo "true $(cat "$here/started")" && exit
  echo "Error: No such container: $5" >&2; exit 1 ;;
esac
shift 2
[ "$1" != --user ] || shift 2
shift
"$here/enter" "$@"
exit $?
`;

/** The transport `docker-exec`, with a replacement for docker. */
export const overDocker: TransportUnderTest = {
  async open() {
    const place = mkdtempSync(join(tmpdir(), "maand-transport-"));
    for (const name of ["worker", "programs"]) mkdirSync(join(place, name));
    const space = await openNamespace({ worker: join(place, "worker"), programs: join(place, "programs") }, undefined);
    const start = () => writeFileSync(join(place, "started"), `${new Date().toISOString()}\n`);
    start();
    writeFileSync(join(place, "docker"), DOCKER, { mode: 0o755 });
    writeFileSync(join(place, "enter"), `#!/bin/sh\nexec ${space.enter.join(" ")} "$@"\n`, { mode: 0o755 });
    const contextOf = (host: string) => connectContext({ worker: aWorker({ host, transport: "docker-exec" }) });
    return {
      plugins: dockerExec({ program: join(place, "docker") }),
      context: contextOf("box"),
      unreachable: contextOf("no-such-box"),
      async cut() {
        start();
        signalAll(space.processes(), "SIGKILL");
      },
      async close() {
        await space.close();
        rmSync(place, { recursive: true });
      },
    };
  },
};

import { join } from "node:path";
import { Command, EXIT, listOf, MaandCommand, Option } from "@maand/command";
import { MaandError } from "@maand/core";
import { findBucket } from "@maand/core/internal";
import { addWorkers } from "../../workers/add-workers.ts";

/** `maand worker add`. */
export class WorkerAddCommand extends MaandCommand {
  static override paths = [["worker", "add"]];
  static override usage = Command.Usage({
    category: "Operate",
    description: "add workers to workers.json",
    details:
      "Writes an entry for each host at the end of workspace/workers.json and changes nothing else in the file. Refuses a host that is already in the file, and values that a build would refuse. Contacts no worker.",
    examples: [
      ["A web server", "maand worker add 10.0.0.1 --labels web"],
      ["Two workers with another port and user", "maand worker add db-1 db-2 --labels db --user admin --port 2222"],
    ],
  });

  hosts = Option.Rest({ required: 1, name: "host" });
  labels = Option.Array("-l,--labels", [], { description: "Labels of the workers, comma-separated." });
  user = Option.String("--user", { description: "ssh user; default: ssh_user of the bucket." });
  port = Option.String("--port", { description: "ssh port; default: ssh_port of the bucket." });
  identity = Option.String("--identity", { description: "Key file, under secrets/ or absolute; default: ssh_key." });
  hostname = Option.String("--hostname", { description: "A display name; for one host only." });
  transport = Option.String("--transport", { description: "ssh, local, or the transport of a plugin." });

  override async work(): Promise<number> {
    const { workspace } = findBucket(this.from);
    if (this.hostname !== undefined && this.hosts.length > 1)
      throw new MaandError({ code: "USAGE", message: "--hostname names one worker", hint: "add the hosts one by one" });
    const labels = listOf(this.labels);
    const entries = this.hosts.map((host) => ({
      host: host.trim(),
      ...(this.hostname === undefined ? {} : { hostname: this.hostname }),
      ...(labels.length === 0 ? {} : { labels }),
      ...(this.transport === undefined ? {} : { transport: this.transport }),
      ...(this.user === undefined ? {} : { user: this.user }),
      ...(this.port === undefined ? {} : { port: Number(this.port) }),
      ...(this.identity === undefined ? {} : { identity: this.identity }),
    }));
    await addWorkers(workspace, entries);
    if (this.json) this.printJson(entries);
    else {
      this.print(`added ${entries.map(({ host }) => host).join(", ")} to ${join("workspace", "workers.json")}`);
      this.print("  next: maand worker prepare, which checks them and installs what is missing");
    }
    return EXIT.ok;
  }
}

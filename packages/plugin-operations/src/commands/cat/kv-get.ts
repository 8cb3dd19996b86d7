import { Command, Option } from "@maand/command";
import { StoredCommand } from "@maand/command/stored";
import { findBucket, kvEntry, kvKeyOf, type Store } from "@maand/core/readonly";
import { createdAt, ENCRYPTED } from "./kv.ts";

/** `maand cat kv get <namespace> <key>`. */
export class KvGetCommand extends StoredCommand {
  static override paths = [["cat", "kv", "get"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "show one KV entry in full",
    examples: [
      ["A port", "maand cat kv get maand/job/api port_http"],
      ["A secret in clear text", "maand cat kv get secrets/job/api password --reveal"],
    ],
  });

  namespace = Option.String({ name: "namespace" });
  key = Option.String({ name: "key" });
  reveal = Option.Boolean("--reveal", false, { description: "Show a secret or private key in clear text." });

  override show(store: Store): number {
    const entry = kvEntry(store, { key: () => kvKeyOf(findBucket(this.from)) }, this.namespace, this.key);
    const { namespace, key, version, createdDate } = entry;
    const value = entry.secret && !this.reveal ? ENCRYPTED : entry.value();
    if (this.json) this.printJson({ namespace, key, value, version, created_date: createdDate });
    else {
      this.print(`namespace: ${namespace}`);
      this.print(`key: ${key}`);
      this.print(`value: ${value}`);
      this.print(`version: ${version}`);
      this.print(`created_date: ${createdAt(entry)} UTC`);
    }
    return 0;
  }
}

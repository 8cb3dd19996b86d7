import { existsSync } from "node:fs";
import { parse } from "smol-toml";
import { KvKey } from "../../store/kv/kv-key.ts";
import { textOrReason } from "../../trust/plain-text.ts";
import { checkCode } from "../../trust/trusted.ts";
import type { BucketPaths } from "../find-bucket.ts";

type Places = Pick<BucketPaths, "root" | "conf" | "kvKey">;

/**
 * `kv_key_command` of `maand.conf`, for commands that load no configuration. Undefined if the file has no valid value;
 * commands that load the configuration report its problems. Throws BUCKET_NOT_TRUSTED if others can write the file.
 */
export function kvKeyCommand({ root, conf }: Places): readonly string[] | undefined {
  const text = textOrReason(conf);
  if (typeof text !== "string" || !text.includes("kv_key_command")) return undefined;
  if (existsSync(conf)) checkCode(root, conf);
  try {
    const command = parse(text).kv_key_command;
    return Array.isArray(command) && command.every((word) => typeof word === "string") ? command : undefined;
  } catch {
    return undefined;
  }
}

/** The key of a bucket whose configuration is not loaded. */
export function kvKeyOf(paths: Places): KvKey {
  return new KvKey(paths.kvKey, { command: () => kvKeyCommand(paths) });
}

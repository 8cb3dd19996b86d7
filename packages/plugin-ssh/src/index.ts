export {
  fingerprint,
  type HostKey,
  hostName,
  type KnownHost,
  keyTypeOf,
  parseKnownHosts,
  pinnedKeys,
} from "./known-hosts.ts";
export { type PinBoard, pinBoard } from "./pins.ts";
export { type SshOptions, ssh } from "./plugin.ts";
export { type HostKeyReport, inspectHostKey } from "./trust.ts";

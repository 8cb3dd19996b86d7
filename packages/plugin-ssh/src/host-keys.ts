/** The door for those who show or pin host keys; apart, so that loading the plugin stays cheap. */
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
export { type HostKeyReport, inspectHostKey } from "./trust.ts";

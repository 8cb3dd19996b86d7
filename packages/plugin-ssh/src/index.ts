export { SSH_SETTINGS, type SshSettings } from "./endpoint.ts";
export type { SshOptions } from "./options.ts";
export { ssh } from "./plugin.ts";

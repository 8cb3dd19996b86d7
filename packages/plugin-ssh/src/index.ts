export { SSH_SETTINGS, type SshSettings } from "./endpoint.ts";
export { type SshOptions, ssh } from "./plugin.ts";

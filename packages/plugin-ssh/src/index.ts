export { type SshOptions, ssh } from "./plugin.ts";
export { SSH_SETTINGS, type SshSettings } from "./settings.ts";

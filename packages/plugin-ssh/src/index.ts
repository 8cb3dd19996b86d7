export { type SshOptions, ssh } from "./plugin.ts";

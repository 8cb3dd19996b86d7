export { type RsyncOptions, rsync } from "./plugin.ts";

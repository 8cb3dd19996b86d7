export { type RsyncOptions, rsync } from "./rsync.ts";

export { goImport } from "./plugin.ts";

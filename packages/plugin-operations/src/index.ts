export { operations } from "./plugin.ts";

export { ui } from "./plugin.ts";

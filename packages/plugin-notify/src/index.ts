export { type NotifyOptions, notify } from "./notify.ts";
export type { NotifySettings } from "./settings.ts";

export { type SecretsOptions, secrets } from "./secrets.ts";
export type { SecretsSettings } from "./settings.ts";

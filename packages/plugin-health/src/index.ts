export { type HealthOptions, health } from "./health.ts";
export { type Check, type HealthSettings, readHealth } from "./settings.ts";

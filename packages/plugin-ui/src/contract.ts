/**
 * The protocol between the server of `maand ui` and its web UI: JSON under `/api/`. Names are as in the other JSON of
 * maand. Times are UTC, such as `2026-01-31T12:00:00.000Z`, durations are milliseconds, and absent values are null. A
 * worker is named by its host.
 *
 * Reading: GET with the cookie of the session. Writing: POST with a JSON body (`content-type: application/json`) and
 * the header {@link CSRF_HEADER}. Everything else is refused. Every refusal is an {@link ErrorAnswer} with a status of
 * 400 or more.
 */

export * from "./contract/actions.ts";
export * from "./contract/checks.ts";
export * from "./contract/fleet.ts";
export * from "./contract/places.ts";
export * from "./contract/plan.ts";
export * from "./contract/runs.ts";
export * from "./contract/session.ts";

export { examine, examineBucket } from "./doctor/doctor.ts";
export { writeEditorFiles } from "./editor/editor-files.ts";
export { jsonSchema } from "./editor/json-schema.ts";
export { type AddedCommand, createCommand, type NewCommandOptions } from "./scaffold/add-command.ts";
export { createJob } from "./scaffold/scaffold.ts";
export { type RunCommandOptions, runCommand } from "./workers/run-command.ts";
export type { ScriptResult } from "./workers/run-script.ts";
export { type WorkerFacts, type WorkerFactsOptions, workerFacts } from "./workers/worker-facts.ts";
export { type TrustReport, workerKeys } from "./workers/worker-keys.ts";

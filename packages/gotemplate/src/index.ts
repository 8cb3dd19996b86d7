export { TemplateError } from "./error.ts";
export { type TemplateFunction, type TemplateFunctions, type TypedFunction, typed } from "./exec/functions.ts";
export { DEFAULT_LIMITS, type Limits } from "./exec/limits.ts";
export type { ParamType } from "./exec/params.ts";
export { type ParseOptions, parse, type Template } from "./template.ts";
export { type Float, float } from "./value/numbers.ts";

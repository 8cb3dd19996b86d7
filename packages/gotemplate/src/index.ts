export { TemplateError } from "./error.ts";
export { DEFAULT_LIMITS, type Limits } from "./exec/limits.ts";
export { type ParseOptions, parse, type Template } from "./template.ts";
export {
  type ParamType,
  type TemplateFunction,
  type TemplateFunctions,
  type TypedFunction,
  typed,
} from "./value/function.ts";
export { type Float, float } from "./value/numbers.ts";

export { TemplateError } from "./error.ts";
export { DEFAULT_LIMITS, type Limits } from "./exec/limits.ts";
export { positionIn, reasonIn, remedyIn } from "./stock/error-parts.ts";
export { numberFunctions } from "./stock/number-functions.ts";
export { RefusedValue } from "./stock/refused-value.ts";
export { strictFields } from "./stock/strict-fields.ts";
export { textFunctions } from "./stock/text-functions.ts";
export { type ParseOptions, parse, type Template } from "./template.ts";
export {
  type ParamType,
  type TemplateFunction,
  type TemplateFunctions,
  type TypedFunction,
  typed,
} from "./value/function.ts";
export { type Float, float } from "./value/numbers.ts";

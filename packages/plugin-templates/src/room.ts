/** What a workspace with templates needs, Go's template language with it; loaded only for one that has some. */
export { stockFunctions } from "./functions.ts";
export { press } from "./press.ts";
export { renderTemplates } from "./render.ts";
export { checkTemplates } from "./validate.ts";

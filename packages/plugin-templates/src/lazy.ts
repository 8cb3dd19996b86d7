/**
 * The modules that parse and render templates, with the template language. Loaded only if a workspace has templates.
 */

export { checkTemplates } from "./check-templates.ts";
export { renderTemplates } from "./render-templates.ts";
export { stockFunctions } from "./stock-functions.ts";
export { templateRenderer } from "./template-renderer.ts";

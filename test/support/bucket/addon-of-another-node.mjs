// Preloaded into maand: makes every native addon fail to load, as after an upgrade of Node that changed
// NODE_MODULE_VERSION.
process.dlopen = (_, file) => {
  const message = `The module '${file}'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 93.`;
  throw Object.assign(new Error(message), { code: "ERR_DLOPEN_FAILED" });
};

import * as v from "valibot";

/** The options of the plugin. */
export const OpensshOptions = v.object({
  /** The ssh command on this machine. */
  program: v.optional(v.pipe(v.string("must be text"), v.minLength(1, "must not be empty")), "ssh"),
  /** The ssh configuration file; default: ssh's own configuration files. */
  configFile: v.optional(v.string("must be text")),
  /** Seconds that a master connection stays open without a command, or after maand was killed. */
  persistSeconds: v.optional(v.pipe(v.number("must be a number"), v.minValue(1, "must be at least 1")), 600),
});

export type OpensshOptions = v.InferOutput<typeof OpensshOptions>;

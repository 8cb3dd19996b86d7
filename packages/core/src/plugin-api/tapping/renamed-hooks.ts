/**
 * Renamed hooks, old name to new name. The old names work in this minor version, with a warning, and are removed in the
 * next one.
 */
export const RENAMED_HOOKS = {
  built: "afterBuild",
  wave: "permit",
  before: "beforeJob",
  control: "orchestrate",
  functions: "templateFunctions",
  after: "afterJob",
} as const;

/** The old name of a renamed hook. */
export type OldHookName = keyof typeof RENAMED_HOOKS;

/** The use of an old name. */
export interface OldName {
  readonly plugin: string;
  readonly old: OldHookName;
  /** Its `file:line`; undefined outside the bucket. */
  readonly place: string | undefined;
}

type Renamed = Readonly<Record<(typeof RENAMED_HOOKS)[OldHookName], unknown>>;

/** The renamed hooks under their old names. They are only a type, so that loops over the hooks do not see them. */
export type RenamedHooks<Declared extends Renamed> = {
  /** @deprecated Renamed to `afterBuild`. */
  readonly built: Declared["afterBuild"];
  /** @deprecated Renamed to `permit`, which is also called before the deploy stops and removes anything. */
  readonly wave: Declared["permit"];
  /** @deprecated Renamed to `beforeJob`. */
  readonly before: Declared["beforeJob"];
  /** @deprecated Renamed to `orchestrate`. */
  readonly control: Declared["orchestrate"];
  /** @deprecated Renamed to `templateFunctions`. */
  readonly functions: Declared["templateFunctions"];
  /** @deprecated Renamed to `afterJob`. */
  readonly after: Declared["afterJob"];
};

/**
 * The hooks with the old names added. The old names are not enumerable, so that a loop over the hooks visits each hook
 * once.
 */
export function withOldNames<Declared extends Renamed>(declared: Declared): Declared & RenamedHooks<Declared> {
  const all = {
    ...declared,
    built: declared.afterBuild,
    wave: declared.permit,
    before: declared.beforeJob,
    control: declared.orchestrate,
    functions: declared.templateFunctions,
    after: declared.afterJob,
  };
  return Object.defineProperties(all, Object.fromEntries(Object.keys(RENAMED_HOOKS).map((name) => [name, HIDDEN])));
}

const HIDDEN = { enumerable: false };

/** Whether a name is the old one of a renamed hook. */
export function isOldName(name: string): name is OldHookName {
  return Object.hasOwn(RENAMED_HOOKS, name);
}

/** The warning about an old name. */
export function renamedText({ plugin, old, place }: OldName): string {
  const at = place === undefined ? "" : ` (${place})`;
  return `plugin "${plugin}" taps hook "${old}"${at}, which is now called "${RENAMED_HOOKS[old]}"; the old name will be removed in the next minor version`;
}

import { compileGlob } from "./glob.ts";

/** The mode, owner and group that the manifest or the settings require for a file on its worker. */
export interface FileAccess {
  /** Permission bits. */
  readonly mode?: number;
  /** A user name or number on the worker. */
  readonly owner?: string;
  /** A group name or number on the worker. */
  readonly group?: string;
}

/** An entry of `files` in a manifest. */
export interface FileRule extends FileAccess {
  readonly pattern: string;
}

/** A mode as written: `0640` or `640`. The owner must be able to read the file, because maand reads it to send it. */
export const MODE_PATTERN = /^0?[4-7][0-7]{2}$/;

/** A user or group: a name, or a number. */
export const OWNER_PATTERN = /^(?:[a-zA-Z_][a-zA-Z0-9_.-]{0,30}\$?|0|[1-9]\d{0,9})$/;

/** Parses a mode that is written as a string. */
export function parseMode(text: string): number {
  return Number.parseInt(text, 8);
}

/** A mode in octal notation: `0640`. */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** The properties of a file in a tree that its access depends on. */
export interface AccessedFile {
  readonly path: string;
  readonly executable: boolean;
  readonly mode?: number;
  readonly secret?: boolean;
  readonly access?: FileAccess;
}

/**
 * Returns a function that sets the access of a file. Mode, owner and group each come from the last matching rule that
 * sets them. If no rule sets a mode, a file with a rendered secret gets `secretMode`, unless its plugin set a mode. A
 * file to which neither applies is returned unchanged.
 */
export function accessRules(
  rules: readonly FileRule[],
  secretMode: number | undefined,
): <T extends AccessedFile>(file: T) => T {
  const tests = rules.map(({ pattern, ...access }) => ({ matches: compileGlob(pattern), access }));
  return (file) => {
    const matching = tests.filter(({ matches }) => matches?.(file.path)).map(({ access }) => access);
    const access = { ...secretAccess(file, secretMode), ...Object.assign({}, ...matching) };
    if (Object.keys(access).length === 0) return file;
    return { ...file, access, executable: access.mode === undefined ? file.executable : (access.mode & 0o111) !== 0 };
  };
}

/** The access of a file with a rendered secret. Every user who can read an executable file can also execute it. */
function secretAccess({ secret, mode, executable }: AccessedFile, secretMode: number | undefined): FileAccess {
  if (secret !== true || mode !== undefined || secretMode === undefined) return {};
  const wanted = executable ? secretMode | ((secretMode & 0o444) >> 2) : secretMode;
  return wanted === fileMode({ executable }) ? {} : { mode: wanted };
}

/** Whether two files require the same access. */
export function sameAccess(a: FileAccess | undefined, b: FileAccess | undefined): boolean {
  return a?.mode === b?.mode && a?.owner === b?.owner && a?.group === b?.group;
}

/** The difference between two accesses, as printed: `mode 0644 -> 0600, owner root -> app`. */
export function accessChange(before: AccessedFile, now: AccessedFile): string {
  const [was, is] = [modeText(fileMode(before)), modeText(fileMode(now))];
  const mode = was === is ? [] : [`mode ${was} -> ${is}`];
  return [...mode, ...ownerChanges(before, now)].join(", ");
}

/** The difference in owner and group alone. */
export function ownerChange(before: AccessedFile, now: AccessedFile): string {
  return ownerChanges(before, now).join(", ");
}

function ownerChanges(before: AccessedFile, now: AccessedFile): string[] {
  return (["owner", "group"] as const).flatMap((part) => {
    const [was = "default", is = "default"] = [before.access?.[part], now.access?.[part]];
    return was === is ? [] : [`${part} ${was} -> ${is}`];
  });
}

/**
 * The mode of a file on its worker: the required mode, otherwise the mode that its plugin set, otherwise 0755 or 0644.
 */
export function fileMode({ access, mode, executable }: Omit<AccessedFile, "path">): number {
  return access?.mode ?? mode ?? (executable ? 0o755 : 0o644);
}

/** The fields of an access that are part of a digest; empty if no access is required. */
export function accessFields(access: FileAccess | undefined): string[] {
  return access ? [access.mode === undefined ? "" : modeText(access.mode), access.owner ?? "", access.group ?? ""] : [];
}

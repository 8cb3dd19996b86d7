import { compileGlob } from "./glob.ts";

/** The mode, owner and group that the manifest or the settings require for a file on its worker. */
export interface FileAccess {
  /** Permission bits. */
  readonly mode?: number;
  /** A user's name or number there. */
  readonly owner?: string;
  /** A group's name or number there. */
  readonly group?: string;
}

/** An entry of `files` in a manifest. */
export interface FileRule extends FileAccess {
  readonly pattern: string;
}

/** A mode as it is written: `0640` or `640`, and never without reading for the owner, who sends and keeps the file. */
export const MODE_PATTERN = /^0?[4-7][0-7]{2}$/;

/** A user or group: a name, or a number. */
export const OWNER_PATTERN = /^(?:[a-zA-Z_][a-zA-Z0-9_.-]{0,30}\$?|0|[1-9]\d{0,9})$/;

/** The number of a mode written as text. */
export function parseMode(text: string): number {
  return Number.parseInt(text, 8);
}

/** A mode as people write it: `0640`. */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** A file of a tree, as far as its access depends on it. */
export interface AccessedFile {
  readonly path: string;
  readonly executable: boolean;
  readonly mode?: number;
  readonly secret?: boolean;
  readonly access?: FileAccess;
}

/**
 * Gives files the access they are to have: what the last matching rule says, part by part; where none says a mode,
 * `secretMode` for a file that a secret was rendered into, unless its plugin set one. A file without any stays as it is.
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

/** Every class of users that can read an executable file can execute it. */
function secretAccess({ secret, mode, executable }: AccessedFile, secretMode: number | undefined): FileAccess {
  if (secret !== true || mode !== undefined || secretMode === undefined) return {};
  const wanted = executable ? secretMode | ((secretMode & 0o444) >> 2) : secretMode;
  return wanted === fileMode({ executable }) ? {} : { mode: wanted };
}

/** Whether two files are to have the same access. */
export function sameAccess(a: FileAccess | undefined, b: FileAccess | undefined): boolean {
  return a?.mode === b?.mode && a?.owner === b?.owner && a?.group === b?.group;
}

/** What of an access differs from another, for a person: `mode 0644 -> 0600, owner root -> app`. */
export function accessChange(before: AccessedFile, now: AccessedFile): string {
  const [was, is] = [modeText(fileMode(before)), modeText(fileMode(now))];
  const mode = was === is ? [] : [`mode ${was} -> ${is}`];
  return [...mode, ...ownerChanges(before, now)].join(", ");
}

/** The same without the mode. */
export function ownerChange(before: AccessedFile, now: AccessedFile): string {
  return ownerChanges(before, now).join(", ");
}

function ownerChanges(before: AccessedFile, now: AccessedFile): string[] {
  return (["owner", "group"] as const).flatMap((part) => {
    const [was = "default", is = "default"] = [before.access?.[part], now.access?.[part]];
    return was === is ? [] : [`${part} ${was} -> ${is}`];
  });
}

/** Mode bits a file has on its worker: those asked for, else those its plugin set, else 0755 or 0644. */
export function fileMode({ access, mode, executable }: Omit<AccessedFile, "path">): number {
  return access?.mode ?? mode ?? (executable ? 0o755 : 0o644);
}

/** The fields a digest has of an access; none where nothing was asked for. */
export function accessFields(access: FileAccess | undefined): string[] {
  return access ? [access.mode === undefined ? "" : modeText(access.mode), access.owner ?? "", access.group ?? ""] : [];
}

import { homedir } from "node:os";
import { type Accounts, SYSTEM_ACCOUNTS } from "./accounts.ts";

/** The user who runs maand. */
export interface CurrentUser {
  /** Undefined on systems without user ids, where ownership is not checked. */
  readonly uid: number | undefined;
  readonly gids: readonly number[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly accounts: Accounts;
}

/** The user of this process. */
export function currentUser(): CurrentUser {
  const gids = [process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])];
  return { uid: process.geteuid?.(), gids, env: process.env, home: homedir(), accounts: SYSTEM_ACCOUNTS };
}

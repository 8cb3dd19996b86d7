import type { SecretReference } from "../../domain/kv/secret-reference.ts";
import type { RunContext } from "../base-contexts.ts";

export type { SecretReference };

/** `resolveSecrets`: read secrets from one provider. @experimental */
export interface ResolveSecretsContext extends RunContext {
  /** The provider: the first part of all `references`. */
  readonly provider: string;
  /** The references to read, without duplicates. */
  readonly references: readonly SecretReference[];
}

/** The values by the text of their references, exactly as the provider stores them. @experimental */
export type ResolvedSecrets = ReadonlyMap<string, string>;

import type { Adapter } from "../adapter.ts";
import type { SecretsSettings } from "../settings.ts";
import { age } from "./age.ts";
import { aws } from "./aws.ts";
import { bw, bws } from "./bitwarden.ts";
import { doppler } from "./doppler.ts";
import { exec } from "./exec.ts";
import { gcp } from "./gcp.ts";
import { op } from "./op.ts";
import { pass } from "./pass.ts";
import { sops } from "./sops.ts";
import { vault } from "./vault.ts";

/** The adapters by provider; undefined for a provider of another plugin. */
export function adapterOf(provider: string, settings: SecretsSettings): Adapter | undefined {
  const adapters: Readonly<Record<string, Adapter>> = {
    ...{ op, vault, aws, gcp, bw, bws, doppler, pass, sops },
    age: age(`secrets/${settings.secret_age_identity}`),
    exec: exec(settings.secret_programs),
  };
  return Object.hasOwn(adapters, provider) ? adapters[provider] : undefined;
}

import { definePlugin, type Plugin } from "@maand/core";
import { SECRETS_SETTINGS } from "./settings.ts";

export interface SecretsOptions {
  /** The environment of the programs; default: that of the process. */
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Reads secrets from 1Password, HashiCorp Vault, AWS, Google Cloud, Bitwarden, Doppler, pass, SOPS, age and programs of
 * your own, each through its own command-line tool.
 */
export function secrets({ environment = process.env }: SecretsOptions = {}): Plugin<"secrets"> {
  return definePlugin({
    name: "secrets",
    settings: SECRETS_SETTINGS,
    provides: { answers: ["resolveSecrets"] },
    apply({ resolveSecrets }) {
      resolveSecrets.tapPromise("secrets", async (context) => {
        const settings = SECRETS_SETTINGS.from(context.settings);
        const { adapterOf } = await import("./adapters/adapters.ts");
        const adapter = adapterOf(context.provider, settings);
        if (!adapter) return undefined;
        const { providerEnvironment } = await import("./credentials.ts");
        const { readCalls } = await import("./read-calls.ts");
        const own = providerEnvironment(settings.secret_environment, context.bucket.root, environment);
        return readCalls(adapter, context, own);
      });
    },
  });
}

import { defineSettings, setting, type WrittenKeys } from "@maand/core";
import * as v from "valibot";

/** Keys of `maand.conf` that say how workers are logged in to, where workers.json and the ssh config do not. */
export const SSH_SETTINGS = defineSettings({
  entries: {
    ssh_user: setting(
      v.pipe(v.string(), v.regex(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]*\$?$/, "is not a user name")),
      'User on the workers; default "agent".',
      "agent",
    ),
    ssh_key: setting(
      v.pipe(v.string(), v.minLength(1, "must not be empty")),
      'Key file, under secrets/ or absolute; default "worker.key".',
      "worker.key",
    ),
    ssh_port: setting(
      v.pipe(
        v.number(),
        v.integer("a port is a whole number"),
        v.maxValue(65535, "a port is at most 65535"),
        v.transform((port) => (port > 0 ? port : 22)),
      ),
      "Port of sshd on the workers; 0 or less means 22, the default.",
      22,
    ),
    use_sudo: setting(v.boolean(), "Run commands on workers through sudo; default true.", true),
  },
});

/** The values of {@link SSH_SETTINGS}. */
export type SshSettings = ReturnType<typeof SSH_SETTINGS.from>;

declare module "@maand/core" {
  interface SettingsWritten extends WrittenKeys<typeof SSH_SETTINGS> {}
}

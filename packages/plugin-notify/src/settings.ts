import { defineSettings, setting, type WrittenKeys } from "@maand/core";
import * as v from "valibot";

/** The occasions for a notification. */
export const OCCASIONS = ["failure", "revert", "pause", "success", "finish"] as const;
export type Occasion = (typeof OCCASIONS)[number];

const on = v.optional(
  v.pipe(
    v.array(v.picklist(OCCASIONS, `must be one of ${OCCASIONS.join(", ")}`)),
    v.minLength(1, "must name at least one occasion"),
    v.description(
      "failure: it failed, was interrupted or was refused; revert: a failed release was undone, or could not be undone; pause: a staged " +
        'rollout waits for manual approval; success: something changed without a failure; finish: any of these, and a run without changes. Default ["failure", "revert", "pause"].',
    ),
  ),
  () => ["failure", "revert", "pause"] as const,
);

const text = (description: string, pattern: RegExp, message: string) =>
  v.pipe(v.string(), v.regex(pattern, message), v.description(description));

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** A file under `secrets/`: names without `..`, separated by `/`. */
const SECRET_FILE = /^(?!.*(?:^|\/)\.\.?(?:\/|$))[^/\0][^\0]*$/;
/** One e-mail address, without a display name, so that it cannot begin another header. */
const ADDRESS = /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\]+$/;

const address = {
  /**
   * The URL to post to. The URL of an incoming webhook is usually a secret; if so, use `url_env` or `url_file`.
   */
  url: v.optional(text("URL to post to.", /^https?:\/\/\S+$/, "must begin with https:// or http://")),
  url_env: v.optional(text("Environment variable with the URL.", VARIABLE, "is not the name of a variable")),
  url_file: v.optional(
    text("File under secrets/ with the URL.", SECRET_FILE, "must be a path under secrets/, without .."),
  ),
};

const webhook = v.strictObject({ to: v.literal("webhook"), on, ...address });
const slack = v.strictObject({ to: v.literal("slack"), on, ...address });

const email = v.strictObject({
  to: v.literal("email"),
  on,
  recipients: v.pipe(
    v.array(text("An address: ops@example.com.", ADDRESS, "is not an e-mail address")),
    v.minLength(1, "must name at least one address"),
  ),
  sender: v.optional(
    text("Address of the sender; default: the address of the user.", ADDRESS, "is not an e-mail address"),
  ),
  sendmail: v.optional(
    text("Program that sends the mail.", /^\/[^\0]+$/, "must be an absolute path"),
    "/usr/sbin/sendmail",
  ),
});

const command = v.strictObject({
  to: v.literal("command"),
  on,
  command: v.pipe(
    v.array(v.string()),
    v.minLength(1, "must name a program"),
    v.check(([program]) => program !== "", "must name a program"),
    v.description(
      "The program and its arguments; it runs in the directory of the bucket and receives JSON on its standard input.",
    ),
  ),
});

const ENTRY = v.variant("to", [webhook, slack, email, command]);

/** One entry of `notify`, with its defaults. */
export type Target = v.InferOutput<typeof ENTRY>;
/** An entry that posts to a URL. */
export type Posted = Extract<Target, { to: "webhook" | "slack" }>;

/** The key of `maand.conf` that lists where the results of runs are sent. */
export const NOTIFY_SETTINGS = defineSettings({
  entries: {
    notify: setting(v.array(ENTRY), "Destinations for the results of runs; default none.", []),
  },
  check({ notify }, refuse) {
    for (const [at, target] of notify.entries()) {
      if (target.to !== "webhook" && target.to !== "slack") continue;
      const given = [target.url, target.url_env, target.url_file].filter((one) => one !== undefined);
      if (given.length !== 1)
        refuse(
          `notify[${at}]`,
          "must have exactly one of url, url_env and url_file",
          "put a secret URL into a file under secrets/",
        );
    }
  },
});

/** The values of {@link NOTIFY_SETTINGS}. */
export type NotifySettings = ReturnType<typeof NOTIFY_SETTINGS.from>;

declare module "@maand/core" {
  interface SettingsWritten extends WrittenKeys<typeof NOTIFY_SETTINGS> {}
}

/** The file with the boot id of Linux, a UUID that changes with each boot. */
export const BOOT_ID_FILE = "/proc/sys/kernel/random/boot_id";

const BOOT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\n?$/;

/**
 * The boot id in the output of a command; undefined for any other output, such as an error message or a login banner.
 */
export function parseBootId(output: string): string | undefined {
  return BOOT_ID.test(output) ? output.trimEnd() : undefined;
}

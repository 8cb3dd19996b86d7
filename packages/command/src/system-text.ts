/** An error of the operating system in words: `no space left on device (ENOSPC)`. */
export function systemText({ code, message }: NodeJS.ErrnoException): string {
  const words = /^[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message;
  return code === undefined ? words : `${words} (${code})`;
}

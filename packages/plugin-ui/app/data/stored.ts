/**
 * Preferences that the browser stores. If the browser refuses, as for a page from a file, they last only as long as the
 * page.
 */
export const stored = {
  get(name: string): string | undefined {
    try {
      return localStorage.getItem(`maand.${name}`) ?? undefined;
    } catch {
      return undefined;
    }
  },
  set(name: string, value: string): void {
    try {
      localStorage.setItem(`maand.${name}`, value);
    } catch {
      // preferences are optional
    }
  },
};

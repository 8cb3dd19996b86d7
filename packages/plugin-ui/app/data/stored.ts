/** Preferences that the browser keeps. It may refuse to, as for a page of a file; then they last as long as the page. */
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
      // nothing depends on it
    }
  },
};

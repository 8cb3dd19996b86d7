import { useState } from "preact/hooks";
import { announce } from "../data/announce.ts";

/** A command line to run in a terminal, with a button that copies it. */
export function CommandLine({ command }: { readonly command: string }) {
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(command);
    setCopied(true);
    announce("command copied");
  };
  return (
    <span class="command">
      <code>{command}</code>
      {navigator.clipboard && (
        <button type="button" class="quiet small" onClick={() => void copy()} aria-label={`Copy ${command}`}>
          {isCopied ? "copied" : "copy"}
        </button>
      )}
    </span>
  );
}

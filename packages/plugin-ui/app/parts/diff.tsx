import { diffLines } from "../model/diff-lines.ts";
import { reachable } from "./reachable.ts";

const MARKS = { added: "+", removed: "−", same: "", place: "", note: "" } as const;

/** The difference of a file. Each line has a symbol for its kind, in addition to its colour. */
export function Diff({
  path,
  change,
  text,
}: {
  readonly path: string;
  readonly change: string;
  readonly text: string;
}) {
  const lines = diffLines(text);
  return (
    <details class="diff" open={lines.length <= 60}>
      <summary>
        <span class="path">{path}</span> <span class="muted">{change}</span>
      </summary>
      <section class="scroll" ref={reachable} aria-label={`Changes of ${path}`}>
        <table class="lines">
          <tbody>
            {lines.map((line, at) => (
              <tr key={at} class={line.kind}>
                <td class="number">{line.before}</td>
                <td class="number">{line.after}</td>
                <td class="mark">{MARKS[line.kind]}</td>
                <td>
                  <code>{line.text}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}

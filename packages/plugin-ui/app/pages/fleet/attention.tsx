import type { StatusAnswer } from "../../../src/contract.ts";
import { words } from "../../model/signs.ts";
import { Ago } from "../../parts/age.tsx";
import { CommandLine } from "../../parts/copy.tsx";
import { To } from "../../parts/link.tsx";
import { Sign } from "../../parts/sign.tsx";

type Finding = StatusAnswer["attention"][number];

const MARKS = { bad: "✗", warn: "!", info: "i", ok: "✓", none: "·" } as const;
/** The number of lines of one finding that are shown initially. */
const SHOWN = 3;

/**
 * Everything that needs attention, the most urgent first, each with the next command; otherwise a single line.
 */
export function Attention({ status }: { readonly status: StatusAnswer }) {
  const { attention, running, last_run } = status;
  const isUrgent = attention.some(({ level }) => level === "bad" || level === "warn");
  return (
    <section class="attention" aria-label="Attention">
      {!isUrgent && (
        <p class="calm">
          <Sign sign="✓" level="ok" text="Nothing needs attention" />
          {running === null && last_run && (
            <span class="muted">
              last run: {last_run.command} {last_run.outcome ?? ""}, <Ago at={last_run.started_at} />
            </span>
          )}
        </p>
      )}
      {attention.length > 0 && (
        <ul>
          {attention.map((finding) => (
            <li key={`${finding.kind}${finding.texts[0]}`} class={finding.level}>
              <Line finding={finding} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Line({ finding: { kind, level, texts, next } }: { readonly finding: Finding }) {
  const run = /maand logs show --run (\S+)/.exec(next ?? "")?.[1];
  return (
    <>
      <Sign sign={MARKS[level]} level={level} text={words(kind)} tile />
      <div class="texts">
        {texts.slice(0, SHOWN).map((text) => (
          <p key={text}>{text}</p>
        ))}
        {texts.length > SHOWN && (
          <details>
            <summary>and {texts.length - SHOWN} more</summary>
            {texts.slice(SHOWN).map((text) => (
              <p key={text}>{text}</p>
            ))}
          </details>
        )}
      </div>
      <div class="next">
        {run && (
          <To page="run" name={run}>
            open the run
          </To>
        )}
        {next && <CommandLine command={next} />}
      </div>
    </>
  );
}

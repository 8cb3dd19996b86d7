import type { MaandEvent } from "@maand/core";
import type { OpenedBucket, Tracer } from "@maand/core/internal";
import { withOpenedBucket } from "./bucket/open-bucket.ts";
import { Option } from "./clipanion.ts";
import { MaandCommand } from "./command.ts";
import { whenFree } from "./waiting/when-free.ts";

export { answerTo, type Confirmation, confirm, mayAsk } from "./confirm.ts";

/** The base of maand's own commands, which run the engine itself. A plugin's command extends {@link MaandCommand}. */
export abstract class EngineCommand extends MaandCommand {
  wait: string | boolean | undefined = Option.String("--wait", {
    hidden: true,
    tolerateBoolean: true,
    description: "If another command uses the bucket, wait for it; --wait=5m limits the time.",
  });

  override attempt(): Promise<number> {
    return whenFree(this, () => this.work());
  }

  /** Opens the bucket with its plugins, runs a function on it, and closes it. A tracer measures the calls of taps. */
  withEngine<T>(
    work: (bucket: OpenedBucket) => Promise<T>,
    reader?: (event: MaandEvent) => void,
    tracer?: Tracer,
  ): Promise<T> {
    return withOpenedBucket(this, work, reader, tracer);
  }
}

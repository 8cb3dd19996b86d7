import type { Context } from "@maand/command";
import { Cli } from "clipanion";
import { type Page } from "./pages.ts";
/** The command line's own parser, with every command there is. */
export declare function parser(): Promise<Cli<Context>>;
/** Every line on a page that calls maand: in blocks for the shell, and in words. */
export declare function commandLines(page: Page): string[];
/** Why a line would not be understood; undefined when it would be. Naming a family, such as `maand job`, is fine. */
export declare function refusal(line: string, cli: Cli<Context>): string | undefined;
//# sourceMappingURL=command-lines.d.ts.map

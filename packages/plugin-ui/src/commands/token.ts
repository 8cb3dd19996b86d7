import { resolve } from "node:path";
import { Command, EXIT, listOf, MaandCommand, Option } from "@maand/command";
import { MaandError } from "@maand/core/readonly";
import { writeTokens } from "../access/token-file.ts";
import { newToken, readTokens, verbNamed } from "../access/tokens.ts";

/** `maand ui token`. */
export class UiTokenCommand extends MaandCommand {
  static override paths = [["ui", "token"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "create a token for maand ui, or revoke one",
    details:
      "Prints a new token once; the file contains only its hash. If the name exists, its old token stops working. maand ui reads the file again when it changes. A token allows only actions that the server also allows.",
    examples: [
      ["For a person with read-only access", "maand ui token ann --tokens tokens.json"],
      ["For a person who deploys", "maand ui token ben --tokens tokens.json --allow deploy,rollback"],
      ["Revoke a token", "maand ui token ann --tokens tokens.json --remove"],
    ],
  });

  person = Option.String({ required: true, name: "name" });
  tokens = Option.String("--tokens", { description: "The file; maand creates it if it does not exist." });
  allow = Option.Array("--allow", [], { description: "Allow deploy, rollback, pause, maintain; default: read-only." });
  remove = Option.Boolean("--remove", false, { description: "Revoke the token." });

  override async work(): Promise<number> {
    const path = resolve(this.from, this.file());
    const all = readTokens(path);
    const others = all.filter(({ name }) => name !== this.person);
    if (this.remove) {
      if (others.length === all.length) throw this.unknownName(path);
      writeTokens(path, others);
      if (this.json) this.printJson({ name: this.person, removed: true });
      else this.print(`the token of ${this.person} is revoked`);
      return EXIT.ok;
    }
    const refuse = (message: string) =>
      new MaandError({ code: "USAGE", message, hint: "for example: --allow deploy,rollback" });
    const { token, stored } = newToken(
      this.person,
      listOf(this.allow).map((word) => verbNamed(word, refuse)),
    );
    writeTokens(path, [...others, stored]);
    if (this.json) this.printJson({ name: this.person, token, allow: stored.allow });
    else this.print(token);
    return EXIT.ok;
  }

  file(): string {
    if (this.tokens !== undefined) return this.tokens;
    throw new MaandError({
      code: "USAGE",
      message: "no file of tokens was named",
      hint: "add --tokens tokens.json, and name the same file to maand ui",
    });
  }

  unknownName(path: string): MaandError {
    return new MaandError({
      code: "NOT_FOUND",
      message: `${path} has no token of ${this.person}`,
      hint: `its names are in the file: ${path}`,
    });
  }
}

import type { Message } from "./message.ts";
import type { Target } from "./settings.ts";

type Mail = Extract<Target, { to: "email" }>;

/** The mail in the format for sendmail. The title is encoded, so that it cannot begin another header. */
export function mailOf({ recipients, sender }: Mail, { title, lines }: Message): string {
  const body = Buffer.from(`${[title, "", ...lines].join("\n")}\n`).toString("base64");
  return [
    ...(sender === undefined ? [] : [`From: ${sender}`]),
    `To: ${recipients.join(", ")}`,
    `Subject: ${encodedWords(title)}`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: base64",
    "Auto-Submitted: auto-generated",
    "",
    ...(body.match(/.{1,76}/g) ?? []),
    "",
  ].join("\n");
}

/** The number of characters per encoded word, so that each word is at most 75 characters long (RFC 2047, section 2). */
const AT_ONCE = 12;

function encodedWords(text: string): string {
  const characters = [...text];
  const words: string[] = [];
  for (let at = 0; at < characters.length; at += AT_ONCE)
    words.push(`=?utf-8?B?${Buffer.from(characters.slice(at, at + AT_ONCE).join("")).toString("base64")}?=`);
  return words.join("\n ");
}

const UINT_LIMIT = 1n << 64n;
const LONGEST_WHOLE = 64;

/** The value of an int literal of any base; undefined for any other text, and beyond 64 bits. */
export function parseIntText(text: string): bigint | undefined {
  const negative = text.startsWith("-");
  const signed = negative || text.startsWith("+");
  const digits = plainDigits(signed ? text.slice(1) : text);
  if (digits === undefined) return undefined;
  const value = negative ? -BigInt(digits) : BigInt(digits);
  return value >= -(UINT_LIMIT >> 1n) && value < (signed ? UINT_LIMIT >> 1n : UINT_LIMIT) ? value : undefined;
}

/** The value of a decimal or hexadecimal float literal; undefined for any other text, and if it is too large. */
export function parseFloatText(text: string): number | undefined {
  const body = text.replace(/^[+-]/, "");
  if (!hasSoundUnderscores(body)) return undefined;
  const plain = body.replaceAll("_", "");
  const value = /^0[xX]/.test(plain) ? hexFloat(plain) : decimalFloat(plain);
  if (value === undefined || !Number.isFinite(value)) return undefined;
  return text.startsWith("-") ? -value : value;
}

/** The digits with a prefix that BigInt supports; a leading 0 means octal. */
function plainDigits(body: string): string | undefined {
  if (!hasSoundUnderscores(body)) return undefined;
  const plain = body.replaceAll("_", "");
  const match = /^(0[xX](?=[0-9a-fA-F])|0[oO](?=[0-7])|0[bB](?=[01])|0(?=[0-9])|)0*([0-9a-fA-F]*)$/.exec(plain);
  const prefix = (match?.[1] ?? "").toLowerCase();
  const digits = match?.[2] ?? "";
  if (!match || plain === "" || digits.length > LONGEST_WHOLE || !digitsOf(prefix).test(digits)) return undefined;
  return (prefix === "0" ? "0o" : prefix) + (digits || "0");
}

function digitsOf(prefix: string): RegExp {
  if (prefix === "0x") return /^[0-9a-fA-F]*$/;
  if (prefix === "0b") return /^[01]*$/;
  return prefix === "" ? /^[0-9]*$/ : /^[0-7]*$/;
}

function decimalFloat(plain: string): number | undefined {
  return /^([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(plain) ? Number(plain) : undefined;
}

function hexFloat(plain: string): number | undefined {
  const match = /^0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?[0-9]+)$/.exec(plain);
  const whole = match?.[1] ?? "";
  const rest = match?.[2] ?? "";
  if (!match || whole + rest === "") return undefined;
  const mantissa = BigInt(`0x${whole}${rest}`);
  return scale(mantissa, Number(match[3]) - 4 * rest.length);
}

/** mantissa * 2^exponent. The mantissa is first truncated to 64 bits, with a sticky last bit for the truncated part. */
function scale(mantissa: bigint, exponent: number): number {
  const surplus = Math.max(0, mantissa.toString(2).length - 64);
  const cut = mantissa >> BigInt(surplus);
  const sticky = cut << BigInt(surplus) === mantissa ? cut : cut | 1n;
  const power = Math.max(-3000, Math.min(3000, exponent + surplus));
  const half = Math.trunc(power / 2);
  return Number(sticky) * 2 ** half * 2 ** (power - half);
}

/** Underscores are valid between digits, or between a base prefix and a digit. */
function hasSoundUnderscores(body: string): boolean {
  const digit = /^0[xX]/.test(body) ? /[0-9a-fA-F]/ : /[0-9]/;
  const prefixed = /^0[xXoObB]/.test(body);
  for (let at = body.indexOf("_"); at >= 0; at = body.indexOf("_", at + 1)) {
    const follows = digit.test(body[at - 1] ?? "") || (prefixed && at === 2);
    if (!follows || !digit.test(body[at + 1] ?? "")) return false;
  }
  return true;
}

/** A time series of a remote write request. */
export interface ReadSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestamp: number;
}

/** Parses the body of a remote write request: Protocol Buffers, compressed by snappy with literals only. */
export function readWriteRequest(body: Buffer): ReadSeries[] {
  return fieldsOf(literalsOf(body)).map(([, series]) => seriesOf(series));
}

type Field = [number: number, bytes: Buffer];

function seriesOf(bytes: Buffer): ReadSeries {
  const fields = fieldsOf(bytes);
  const labels = fields
    .filter(([number]) => number === 1)
    .map(([, label]) => fieldsOf(label).map(([, text]) => String(text)));
  const [, sample = Buffer.alloc(10)] = fields.find(([number]) => number === 2) ?? [];
  const { value } = varintAt(sample, 10);
  return { labels: Object.fromEntries(labels), value: sample.readDoubleLE(1), timestamp: value };
}

/** Parses the fields of a message, all of which are length-delimited. */
function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { value: length, next } = varintAt(bytes, at + 1);
    fields.push([(bytes[at] ?? 0) >> 3, bytes.subarray(next, next + length)]);
    at = next + length;
  }
  return fields;
}

function literalsOf(bytes: Buffer): Buffer {
  const { value: size, next } = varintAt(bytes, 0);
  const parts: Buffer[] = [];
  for (let at = next; at < bytes.length; ) {
    if (bytes[at] !== 61 << 2) throw new Error("not a literal with two bytes for its length");
    const length = bytes.readUInt16LE(at + 1) + 1;
    parts.push(bytes.subarray(at + 3, at + 3 + length));
    at += 3 + length;
  }
  const whole = Buffer.concat(parts);
  if (whole.length !== size) throw new Error(`${whole.length} bytes instead of ${size}`);
  return whole;
}

function varintAt(bytes: Buffer, from: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let at = from; ; at++) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * (at - from));
    if (byte < 0x80) return { value, next: at + 1 };
  }
}

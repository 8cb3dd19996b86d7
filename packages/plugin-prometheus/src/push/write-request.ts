import type { Series } from "./series.ts";

/**
 * A `prometheus.WriteRequest` of remote write 1.0 in the wire format of Protocol Buffers:
 * `WriteRequest{1: TimeSeries{1: Label{1: name, 2: value}, 2: Sample{1: value, 2: timestamp}}}`.
 */
export function encodeWriteRequest(series: readonly Series[], timestampMs: number): Buffer {
  return Buffer.concat(series.map((one) => bytesField(1, timeSeries(one, timestampMs))));
}

/** Labels must be sorted by name. */
function timeSeries({ labels, value }: Series, timestampMs: number): Buffer {
  const sorted = Object.entries(labels)
    .filter(([, text]) => text !== "")
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const encoded = sorted.map(([name, text]) =>
    bytesField(1, Buffer.concat([bytesField(1, Buffer.from(name)), bytesField(2, Buffer.from(text))])),
  );
  return Buffer.concat([...encoded, bytesField(2, sample(value, timestampMs))]);
}

function sample(value: number, timestampMs: number): Buffer {
  const double = Buffer.alloc(9);
  double.writeUInt8((1 << 3) | DOUBLE);
  double.writeDoubleLE(value, 1);
  return Buffer.concat([double, Buffer.from([(2 << 3) | VARINT]), varint(BigInt(timestampMs))]);
}

const VARINT = 0;
const DOUBLE = 1;
const BYTES = 2;

function bytesField(number: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(number << 3) | BYTES]), varint(BigInt(bytes.length)), bytes]);
}

/** A whole number as a varint: seven bits per byte, lowest first. */
export function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** One DER element around others, or around bytes. */
export function tlv(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(body.length)]), body]);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const hex = length.toString(16);
  const bytes = [...Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')];
  return [0x80 | bytes.length, ...bytes];
}

export const sequence = (...contents: readonly Buffer[]): Buffer => tlv(0x30, ...contents);
export const explicit = (n: number, content: Buffer): Buffer => tlv(0xa0 | n, content);
export const integer = (hex: string): Buffer => tlv(0x02, Buffer.from(hex, 'hex'));
export const octets = (bytes: Buffer): Buffer => tlv(0x04, bytes);
export const bits = (bytes: Buffer): Buffer => tlv(0x03, Buffer.from([0]), bytes);
export const enumerated = (value: number): Buffer => tlv(0x0a, Buffer.from([value]));
export const TRUE = tlv(0x01, Buffer.from([0xff]));

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(0x06, Buffer.from([40 * first + second, ...rest].flatMap(arcBytes)));
}

function arcBytes(arc: number): number[] {
  const digits = [];
  for (let left = arc; left > 0 || digits.length === 0; left = Math.floor(left / 128))
    digits.unshift(left % 128);
  return digits.map((digit, index) => (index < digits.length - 1 ? digit | 0x80 : digit));
}

/** GeneralizedTime. */
export function generalizedTime(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return tlv(0x18, Buffer.from(text));
}

/** An entry of Extensions. */
export function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [TRUE] : []), octets(value));
}

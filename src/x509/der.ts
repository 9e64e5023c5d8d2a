/**
 * A reader of DER (X.690): definite lengths in their shortest form, tags of one byte, nothing that leaves its frame.
 * What it reads it does not copy.
 */
export interface DerElement {
  readonly bytes: Buffer;
  readonly tag: number;
  /** Where the element begins (its tag), where its contents begin, and where both end. */
  readonly from: number;
  readonly start: number;
  readonly end: number;
}

/** The tags that X.509, CRLs and OCSP need. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

/** The tag of a constructed [n] field. */
export const contextTag = (n: number): number => 0xa0 | n;

/**
 * The one element that `bytes` are.
 *
 * @throws SyntaxError when they are not, as from all functions here
 */
export function readDer(bytes: Buffer, tag: number = TAG.sequence): DerElement {
  const element = elementAt(bytes, 0, bytes.length);
  if (element.end !== bytes.length) throw new SyntaxError('bytes after the end');
  return expectTag(element, tag);
}

/** The elements inside, one after the other. */
export function* childrenOf({ bytes, start, end }: DerElement): Generator<DerElement, undefined> {
  let at = start;
  while (at < end) {
    const child = elementAt(bytes, at, end);
    yield child;
    at = child.end;
  }
}

/** The element at `from`, which ends at `limit` or before. */
export function elementAt(bytes: Buffer, from: number, limit: number): DerElement {
  const tag = bytes[from];
  const first = bytes[from + 1];
  if (tag === undefined || first === undefined || from + 2 > limit) throw new SyntaxError('cut off');
  if ((tag & 0x1f) === 0x1f) throw new SyntaxError('a tag of several bytes');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const start = from + 2 + lengthBytes;
  if (start > limit) throw new SyntaxError('cut off');
  const length = lengthBytes === 0 ? first : longLength(bytes, from + 2, lengthBytes);
  if (start + length > limit) throw new SyntaxError('longer than what it is in');
  return { bytes, tag, from, start, end: start + length };
}

function longLength(bytes: Buffer, at: number, lengthBytes: number): number {
  if (lengthBytes > 4) throw new SyntaxError('a length of more than four bytes');
  const length = lengthBytes === 0 ? 0 : bytes.readUIntBE(at, lengthBytes);
  if (length < 0x80 || length < 2 ** (8 * (lengthBytes - 1)))
    throw new SyntaxError('a length that is indefinite, or not in its shortest form');
  return length;
}

/** The same element, which must be there and have this tag. */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) throw new SyntaxError(`tag ${tag} expected, not ${element?.tag ?? 'the end'}`);
  return element;
}

/** The one element inside another: what EXPLICIT tagging wraps. */
export function innerOf(outer: DerElement, tag: number): DerElement {
  const inner = elementAt(outer.bytes, outer.start, outer.end);
  if (inner.end !== outer.end) throw new SyntaxError('bytes after the end');
  return expectTag(inner, tag);
}

/** Without tag and length. */
export function contentsOf({ bytes, start, end }: DerElement): Buffer {
  return bytes.subarray(start, end);
}

/** With tag and length. */
export function rawOf({ bytes, from, end }: DerElement): Buffer {
  return bytes.subarray(from, end);
}

/** A BIT STRING of whole bytes. */
export function bitStringOf(element: DerElement): Buffer {
  const contents = contentsOf(expectTag(element, TAG.bitString));
  if (contents[0] !== 0) throw new SyntaxError('a BIT STRING that is not of whole bytes');
  return contents.subarray(1);
}

/** An object identifier in dotted form. */
export function oidOf(element: DerElement): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of contentsOf(expectTag(element, TAG.oid))) {
    if ((arc === 0 && byte === 0x80) || arc > 2 ** 40) throw new SyntaxError('no OBJECT IDENTIFIER');
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first, ...rest] = arcs;
  if (first === undefined || (element.bytes[element.end - 1] ?? 0) >= 0x80)
    throw new SyntaxError('no OBJECT IDENTIFIER');
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...rest].join('.');
}

/** TRUE or FALSE; DER knows no other bytes for them. */
export function booleanOf(element: DerElement): boolean {
  const [value, ...more] = contentsOf(element);
  if (more.length > 0 || (value !== 0 && value !== 0xff)) throw new SyntaxError('no BOOLEAN');
  return value === 0xff;
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** UTCTime or GeneralizedTime as RFC 5280 section 4.1.2.5 wants them, milliseconds since 1970. */
export function timeOf(element: DerElement | undefined): number {
  const isShort = element?.tag === TAG.utcTime;
  const text = contentsOf(isShort ? element : expectTag(element, TAG.generalizedTime)).toString('latin1');
  const full = isShort ? `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}` : text;
  const iso = full.replace(TIME, '$1-$2-$3T$4:$5:$6.000Z');
  const time = Date.parse(iso);
  if (!TIME.test(full) || Number.isNaN(time) || new Date(time).toISOString() !== iso)
    throw new SyntaxError('no time');
  return time;
}

import { EvercertError } from '../../errors.ts';

/** Numbers of RFC 1035, 2136 and 8945. */
export const TYPE = { CNAME: 5, SOA: 6, TXT: 16, TSIG: 250 } as const;
export const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;
const OPCODE_UPDATE = 5;
const HEADER_BYTES = 12;
const MAX_NAME_BYTES = 255;
const MAX_LABELS = 127;
/** An answer to us has few; more would only cost time. */
const MAX_RECORDS = 1000;
const POINTER = 0xc0;

export interface ResourceRecord {
  readonly name: string;
  readonly type: number;
  readonly class: number;
  readonly ttl: number;
  readonly data: Buffer;
  /** Where it begins in the message. */
  readonly start: number;
}

/** What is used of a message. */
export interface DnsMessage {
  readonly id: number;
  readonly isResponse: boolean;
  readonly isAuthoritative: boolean;
  readonly opcode: number;
  readonly rcode: number;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
}

/** Lower case, without compression (RFC 4034 section 6.2). @throws EvercertError dns-failed: no name of the DNS */
export function encodeName(name: string): Buffer {
  const labels = name.replace(/\.$/, '').toLowerCase().split('.');
  const parts = labels.map((label) => {
    if (!/^[\x21-\x7e]{1,63}$/.test(label)) throw noName(name);
    return Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]);
  });
  const encoded = Buffer.concat([...parts, Buffer.from([0])]);
  if (encoded.length > MAX_NAME_BYTES) throw noName(name);
  return encoded;
}

function noName(name: string): EvercertError {
  return new EvercertError(
    'dns-failed',
    `${JSON.stringify(name.slice(0, 100))} is no name of the DNS`,
    'Check the name.',
  );
}

/** Each in two bytes. */
export function uint16(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * numbers.length);
  for (const [index, number] of numbers.entries()) bytes.writeUInt16BE(number, 2 * index);
  return bytes;
}

function uint32(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

/** @param data at most 65,535 bytes */
export function encodeRecord(record: Omit<ResourceRecord, 'start'>): Buffer {
  const { name, type, class: of, ttl, data } = record;
  return Buffer.concat([encodeName(name), uint16(type, of), uint32(ttl), uint16(data.length), data]);
}

/** Without recursion: what the server itself knows. */
export function encodeQuery(id: number, name: string, type: number): Buffer {
  return Buffer.concat([uint16(id, 0, 1, 0, 0, 0), encodeName(name), uint16(type, CLASS.IN)]);
}

/**
 * Adds one value to a TXT record set, or takes that one away and leaves the others (RFC 2136 sections 2.5.1 and 2.5.4).
 *
 * @param value at most 255 bytes
 * @param ttl seconds; undefined: take away
 */
export function encodeTxtUpdate(
  id: number,
  zone: string,
  name: string,
  value: string,
  ttl: number | undefined,
): Buffer {
  const text = Buffer.from(value, 'latin1');
  const data = Buffer.concat([Buffer.from([text.length]), text]);
  const of = ttl === undefined ? CLASS.NONE : CLASS.IN;
  return Buffer.concat([
    uint16(id, OPCODE_UPDATE << 11, 1, 0, 1, 0),
    encodeName(zone),
    uint16(TYPE.SOA, CLASS.IN),
    encodeRecord({ name, type: TYPE.TXT, class: of, ttl: ttl ?? 0, data }),
  ]);
}

/** @throws EvercertError dns-failed: not one whole message, or names beyond printable ASCII */
export function decodeMessage(bytes: Buffer): DnsMessage {
  if (bytes.length < HEADER_BYTES) throw malformed('it is too short');
  const [id = 0, flags = 0, ...counts] = Array.from({ length: 6 }, (_, index) =>
    bytes.readUInt16BE(2 * index),
  );
  if (counts.reduce((sum, count) => sum + count) > MAX_RECORDS) throw malformed('it has too many records');
  const [questions = 0, ...sections] = counts;
  let offset = HEADER_BYTES;
  for (let index = 0; index < questions; index += 1) offset = readName(bytes, offset).end + 4;
  const [answers = [], authorities = [], additionals = []] = sections.map((count) =>
    Array.from({ length: count }, () => {
      const { record, end } = readRecord(bytes, offset);
      offset = end;
      return record;
    }),
  );
  if (offset !== bytes.length) throw malformed('its length is wrong');
  return {
    id,
    isResponse: (flags & 0x8000) !== 0,
    isAuthoritative: (flags & 0x0400) !== 0,
    opcode: (flags >> 11) & 0xf,
    rcode: flags & 0xf,
    answers,
    authorities,
    additionals,
  };
}

function readRecord(bytes: Buffer, start: number): { record: ResourceRecord; end: number } {
  const { name, end: fixed } = readName(bytes, start);
  const from = fixed + 10;
  if (from > bytes.length) throw malformed('a record is cut off');
  const end = from + bytes.readUInt16BE(fixed + 8);
  if (end > bytes.length) throw malformed('a record is cut off');
  const record = {
    name,
    type: bytes.readUInt16BE(fixed),
    class: bytes.readUInt16BE(fixed + 2),
    ttl: bytes.readUInt32BE(fixed + 4),
    data: bytes.subarray(from, end),
    start,
  };
  return { record, end };
}

/** In lower case. Each pointer leads further back than the one before it, so that there is an end. @throws EvercertError dns-failed */
export function readName(bytes: Buffer, start: number): { name: string; end: number } {
  const labels: string[] = [];
  let [at, end, limit] = [start, 0, start];
  for (;;) {
    const length = byteAt(bytes, at);
    if (length === 0) break;
    if (length >= POINTER) {
      end ||= at + 2;
      at = ((length & 0x3f) << 8) | byteAt(bytes, at + 1);
      if (at >= limit) throw malformed('a name points forward');
      limit = at;
    } else {
      if (labels.push(readLabel(bytes, at + 1, length)) > MAX_LABELS) throw malformed('a name is too long');
      at += 1 + length;
    }
  }
  const name = labels.join('.');
  if (name.length > MAX_NAME_BYTES - 2) throw malformed('a name is too long');
  return { name, end: end || at + 1 };
}

function byteAt(bytes: Buffer, at: number): number {
  return bytes[at] ?? refuse('a name is cut off');
}

/** Printable ASCII without dots, which is all that we ask about. */
function readLabel(bytes: Buffer, at: number, length: number): string {
  const label = bytes.subarray(at, at + length).toString('latin1');
  if (length > 63 || label.length < length || !/^[\x21-\x2d\x2f-\x7e]+$/.test(label))
    throw malformed('a name is no such thing');
  return label.toLowerCase();
}

function refuse(why: string): never {
  throw malformed(why);
}

/** @param why the rest of a sentence about an answer */
export function malformed(why: string): EvercertError {
  return new EvercertError(
    'dns-failed',
    `the DNS server gave an answer that makes no sense: ${why}`,
    'Check that a DNS server listens at this address.',
    new TypeError(why),
  );
}

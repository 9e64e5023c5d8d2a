import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  CLASS,
  type DnsMessage,
  decodeMessage,
  encodeName,
  encodeRecord,
  malformed,
  type ResourceRecord,
  readName,
  TYPE,
  uint16,
} from './wire.ts';

/** How far clocks may be apart, seconds (RFC 8945 section 10). */
const FUDGE = 300;

const HASHES = { 'hmac-sha256': 'sha256', 'hmac-sha384': 'sha384', 'hmac-sha512': 'sha512' } as const;
export type TsigAlgorithm = keyof typeof HASHES;
export const TSIG_ALGORITHMS = Object.keys(HASHES) as TsigAlgorithm[];

/** TSIG errors (RFC 8945 section 3). */
export const TSIG_ERROR = { BADSIG: 16, BADKEY: 17, BADTIME: 18 } as const;

export interface TsigKey {
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Buffer;
}

export interface Signed {
  readonly message: Buffer;
  readonly mac: Buffer;
}

/** What a TSIG record says. */
interface Tsig {
  readonly algorithm: string;
  readonly time: number;
  readonly fudge: number;
  readonly mac: Buffer;
  readonly originalId: number;
  readonly error: number;
  readonly other: Buffer;
}

/** Adds a TSIG record (RFC 8945). @param now milliseconds since 1970 */
export function signMessage(message: Buffer, key: TsigKey, now: number): Signed {
  const stamp = { time: Math.floor(now / 1000), fudge: FUDGE, error: 0, other: Buffer.alloc(0) };
  const mac = createHmac(HASHES[key.algorithm], key.secret)
    .update(message)
    .update(variables(key, stamp))
    .digest();
  const data = Buffer.concat([
    encodeName(key.algorithm),
    times(stamp),
    uint16(mac.length),
    mac,
    message.subarray(0, 2),
    uint16(0, 0),
  ]);
  const tsig = encodeRecord({ name: key.name, type: TYPE.TSIG, class: CLASS.ANY, ttl: 0, data });
  return { message: withAdditionals(Buffer.concat([message, tsig]), 1), mac };
}

/** Section 4.3.3. */
function variables({ name, algorithm }: TsigKey, tsig: Pick<Tsig, 'time' | 'fudge' | 'error' | 'other'>) {
  return Buffer.concat([
    encodeName(name),
    uint16(CLASS.ANY, 0, 0),
    encodeName(algorithm),
    times(tsig),
    uint16(tsig.error, tsig.other.length),
    tsig.other,
  ]);
}

function times({ time, fudge }: Pick<Tsig, 'time' | 'fudge'>): Buffer {
  const bytes = Buffer.alloc(6);
  bytes.writeUIntBE(time, 0, 6);
  return Buffer.concat([bytes, uint16(fudge)]);
}

/** The message with so many more or fewer additional records in its header. */
function withAdditionals(message: Buffer, more: number): Buffer {
  const changed = Buffer.from(message);
  changed.writeUInt16BE(message.readUInt16BE(10) + more, 10);
  return changed;
}

export interface SignedAnswer {
  readonly message: DnsMessage;
  /** Whether the server has proven that it knows the key. */
  readonly isSigned: boolean;
  /** Of TSIG_ERROR, or 0. */
  readonly tsigError: number;
  /** The server's clock, milliseconds since 1970, where it calls ours wrong. */
  readonly serverTime: number | undefined;
}

/**
 * Reads an answer and checks its TSIG (RFC 8945 section 5.3). One without a signature may only be a refusal.
 *
 * @throws EvercertError dns-failed: no answer to this request, or a signature that is wrong
 */
export function readSignedAnswer(bytes: Buffer, request: Signed, key: TsigKey, now: number): SignedAnswer {
  const message = decodeMessage(bytes);
  const isOurs =
    message.isResponse &&
    message.id === request.message.readUInt16BE(0) &&
    message.opcode === ((request.message.readUInt16BE(2) >> 11) & 0xf);
  if (!isOurs) throw malformed('it answers something else');
  const record = message.additionals.at(-1);
  if (record?.type !== TYPE.TSIG) return unsigned(message, 0);
  const tsig = readTsig(record);
  if (record.name !== normal(key.name) || tsig.algorithm !== key.algorithm)
    throw malformed('it is signed with another key');
  if (tsig.mac.length === 0) return unsigned(message, tsig.error);
  const head = Buffer.concat([uint16(tsig.originalId), bytes.subarray(2, record.start)]);
  const mac = createHmac(HASHES[key.algorithm], key.secret)
    .update(uint16(request.mac.length))
    .update(request.mac)
    .update(withAdditionals(head, -1))
    .update(variables(key, tsig))
    .digest();
  if (mac.length !== tsig.mac.length || !timingSafeEqual(mac, tsig.mac))
    throw malformed('its signature is wrong');
  if (tsig.error === TSIG_ERROR.BADTIME) return { ...signed(message, tsig), serverTime: timeOf(tsig.other) };
  if (Math.abs(now / 1000 - tsig.time) > tsig.fudge) throw malformed('it was signed at another time');
  return signed(message, tsig);
}

function signed(message: DnsMessage, { error }: Tsig): SignedAnswer {
  return { message, isSigned: true, tsigError: error, serverTime: undefined };
}

function unsigned(message: DnsMessage, tsigError: number): SignedAnswer {
  if (message.rcode === 0) throw malformed('it is not signed');
  return { message, isSigned: false, tsigError, serverTime: undefined };
}

function timeOf(other: Buffer): number | undefined {
  return other.length === 6 ? other.readUIntBE(0, 6) * 1000 : undefined;
}

function normal(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function readTsig({ data, class: of, ttl }: ResourceRecord): Tsig {
  const { name: algorithm, end } = readName(data, 0);
  const macAt = end + 10;
  if (of !== CLASS.ANY || ttl !== 0 || data.length < macAt) throw malformed('its TSIG is cut off');
  const idAt = macAt + data.readUInt16BE(end + 8);
  if (data.length < idAt + 6) throw malformed('its TSIG is cut off');
  const other = data.subarray(idAt + 6);
  if (data.readUInt16BE(idAt + 4) !== other.length) throw malformed('its TSIG is cut off');
  return {
    algorithm,
    time: data.readUIntBE(end, 6),
    fudge: data.readUInt16BE(end + 6),
    mac: data.subarray(macAt, idAt),
    originalId: data.readUInt16BE(idAt),
    error: data.readUInt16BE(idAt + 2),
    other,
  };
}

import {
  bitStringOf,
  booleanOf,
  childrenOf,
  contentsOf,
  contextTag,
  type DerElement,
  expectTag,
  innerOf,
  oidOf,
  rawOf,
  readDer,
  TAG,
} from './der.ts';

/** The fields of a certificate that Node does not give as bytes (RFC 5280 section 4.1). */
export interface RawFields {
  /** The contents of the INTEGER, a leading 00 included. */
  readonly serial: Buffer;
  /** Name, DER. */
  readonly subject: Buffer;
  /** The contents of the BIT STRING in SubjectPublicKeyInfo. */
  readonly keyBits: Buffer;
  readonly extensions: Extensions;
}

export interface Extension {
  readonly critical: boolean;
  /** DER, inside of the OCTET STRING. */
  readonly value: Buffer;
}

/** By their object identifier. */
export type Extensions = ReadonlyMap<string, Extension>;

/** @throws SyntaxError */
export function readFields(certificate: Buffer): RawFields {
  const [tbs] = childrenOf(readDer(certificate));
  const fields = [...childrenOf(expectTag(tbs, TAG.sequence))];
  if (fields[0]?.tag === contextTag(0)) fields.shift();
  const [serial, , , , subject, publicKey, ...optional] = fields;
  const [, keyBits] = childrenOf(expectTag(publicKey, TAG.sequence));
  const extensions = optional.find(({ tag }) => tag === contextTag(3));
  return {
    serial: contentsOf(expectTag(serial, TAG.integer)),
    subject: rawOf(expectTag(subject, TAG.sequence)),
    keyBits: bitStringOf(expectTag(keyBits, TAG.bitString)),
    extensions: extensions === undefined ? new Map() : readExtensions(innerOf(extensions, TAG.sequence)),
  };
}

/** @throws SyntaxError */
export function readExtensions(list: DerElement): Extensions {
  const found = new Map<string, Extension>();
  for (const each of childrenOf(list)) {
    const { oid, ...extension } = readExtension(each);
    if (found.has(oid)) throw new SyntaxError('an extension comes twice');
    found.set(oid, extension);
  }
  return found;
}

function readExtension(element: DerElement): Extension & { oid: string } {
  const [oid, ...rest] = childrenOf(expectTag(element, TAG.sequence));
  const critical = rest[0]?.tag === TAG.boolean && booleanOf(rest[0]);
  const [value, ...more] = rest[0]?.tag === TAG.boolean ? rest.slice(1) : rest;
  if (more.length > 0) throw new SyntaxError('an extension with too many fields');
  return {
    oid: oidOf(expectTag(oid, TAG.oid)),
    critical,
    value: contentsOf(expectTag(value, TAG.octetString)),
  };
}

const KEY_USAGE = '2.5.29.15';

/** RFC 5280 section 4.2.1.3: the usages that the lookups ask for, by their place in the BIT STRING. */
export const USAGE = { digitalSignature: 0, crlSign: 6 } as const;

/** Whether the key may be used so; a certificate that says nothing of usages allows all. */
export function allowsUsage({ extensions }: RawFields, bit: number): boolean {
  const usage = extensions.get(KEY_USAGE);
  if (usage === undefined) return true;
  const bits = contentsOf(readDer(usage.value, TAG.bitString));
  return ((bits[1] ?? 0) & (0x80 >> bit)) !== 0;
}

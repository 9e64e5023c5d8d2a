import 'reflect-metadata';
import { createHash, KeyObject, sign, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { readFields } from '../../src/x509/tbs.ts';
import { pemOf } from './chains.ts';
import { NOW } from './clock.ts';
import {
  bits,
  enumerated,
  explicit,
  extension,
  generalizedTime,
  integer,
  octets,
  oid,
  sequence,
  tlv,
} from './der-writer.ts';

const HOUR = 3_600_000;
const ALGORITHMS = {
  rsa: {
    keys: {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    oid: '1.2.840.113549.1.1.11',
  },
  ec: { keys: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }, oid: '1.2.840.10045.4.3.2' },
};

/** Somebody who signs: an issuer, or a delegate of one. */
export interface Party {
  readonly kind: 'rsa' | 'ec';
  readonly pem: string;
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

export interface Certified {
  readonly name: string;
  readonly kind?: 'rsa' | 'ec';
  readonly serial?: string;
  readonly extensions?: readonly x509.Extension[];
  readonly notAfter?: number;
}

/** A certificate with a key of its own; without an issuer it signs itself. */
export async function certify(what: Certified, issuer?: Party): Promise<Party> {
  const kind = what.kind ?? 'ec';
  const keys = await webcrypto.subtle.generateKey(ALGORITHMS[kind].keys, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: what.serial ?? '4001',
    subject: `CN=${what.name}`,
    issuer: issuer?.certificate.subjectName ?? `CN=${what.name}`,
    notBefore: new Date(NOW - 10 * HOUR),
    notAfter: new Date(what.notAfter ?? NOW + 10_000 * HOUR),
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: ALGORITHMS[issuer?.kind ?? kind].keys,
    extensions: [...(what.extensions ?? [])],
  });
  return { kind, pem: pemOf(certificate), certificate, keys };
}

export const caExtensions = (usage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign) => [
  new x509.BasicConstraintsExtension(true, undefined, true),
  new x509.KeyUsagesExtension(usage, true),
];

export const certifyCa = (name: string, kind: 'rsa' | 'ec' = 'ec') =>
  certify({ name, kind, extensions: caExtensions() });

const fieldsOf = ({ certificate }: Party) => readFields(Buffer.from(certificate.rawData));
export const serialHex = (party: Party) => fieldsOf(party).serial.toString('hex');

/** tbs, algorithm and signature, with what may follow them. */
function signed(tbs: Buffer, signer: Party, algorithm: Buffer, ...more: readonly Buffer[]): Buffer {
  const signature = sign('sha256', tbs, KeyObject.from(signer.keys.privateKey));
  return sequence(tbs, algorithm, bits(signature), ...more);
}

const algorithmOf = ({ kind }: Party, id = ALGORITHMS[kind].oid) => sequence(oid(id));

export interface OcspOptions {
  readonly leaf: Party;
  readonly issuer: Party;
  readonly signer?: Party;
  readonly responderId?: 'name' | 'key';
  readonly status?: Buffer;
  readonly thisUpdate?: number;
  readonly nextUpdate?: number | null;
  readonly embedded?: readonly Party[];
  readonly hash?: readonly ['sha1' | 'sha256', string];
  readonly algorithm?: string;
  readonly singleExtensions?: Buffer;
  readonly times?: number;
}

export const STATUS = {
  good: tlv(0x80),
  unknown: tlv(0x82),
  revoked: (reason?: number) =>
    tlv(
      0xa1,
      generalizedTime(NOW - HOUR),
      ...(reason === undefined ? [] : [explicit(0, enumerated(reason))]),
    ),
};

/** An OCSP response as RFC 6960 has it, good and from the issuer unless told. */
export function ocspResponse(options: OcspOptions): Buffer {
  const signer = options.signer ?? options.issuer;
  const { subject, keyBits } = fieldsOf(signer);
  const id =
    options.responderId === 'name'
      ? explicit(1, subject)
      : explicit(2, octets(createHash('sha1').update(keyBits).digest()));
  const singles = Array.from({ length: options.times ?? 1 }, () => singleResponse(options));
  const data = sequence(id, generalizedTime(NOW), sequence(...singles));
  const certificates = (options.embedded ?? []).map((party) => Buffer.from(party.certificate.rawData));
  const more = certificates.length === 0 ? [] : [explicit(0, sequence(...certificates))];
  return wrapped(signed(data, signer, algorithmOf(signer, options.algorithm), ...more));
}

export function wrapped(basic: Buffer): Buffer {
  return sequence(enumerated(0), explicit(0, sequence(oid('1.3.6.1.5.5.7.48.1.1'), octets(basic))));
}

function singleResponse(options: OcspOptions): Buffer {
  const { leaf, issuer, status = STATUS.good, singleExtensions } = options;
  const { thisUpdate = NOW - HOUR, nextUpdate = NOW + 9 * HOUR, hash = ['sha1', '1.3.14.3.2.26'] } = options;
  const { subject, keyBits } = fieldsOf(issuer);
  const digest = (bytes: Buffer) => octets(createHash(hash[0]).update(bytes).digest());
  const certId = sequence(sequence(oid(hash[1])), digest(subject), digest(keyBits), integer(serialHex(leaf)));
  return sequence(
    certId,
    status,
    generalizedTime(thisUpdate),
    ...(nextUpdate === null ? [] : [explicit(0, generalizedTime(nextUpdate))]),
    ...(singleExtensions === undefined ? [] : [explicit(1, sequence(singleExtensions))]),
  );
}

export interface CrlOptions {
  readonly issuer: Party;
  readonly entries?: readonly { readonly serial: string; readonly extensions?: readonly Buffer[] }[];
  readonly thisUpdate?: number;
  readonly nextUpdate?: number | null;
  readonly extensions?: readonly Buffer[];
  readonly algorithm?: string;
}

export const reason = (code: number) => extension('2.5.29.21', enumerated(code));

/** A CRL as RFC 5280 has it. */
export function crlOf(options: CrlOptions): Buffer {
  const {
    issuer,
    entries = [],
    extensions = [],
    thisUpdate = NOW - HOUR,
    nextUpdate = NOW + 90 * HOUR,
  } = options;
  const algorithm = algorithmOf(issuer, options.algorithm);
  const revoked = entries.map(({ serial, extensions: own = [] }) =>
    sequence(integer(serial), generalizedTime(NOW - HOUR), ...(own.length === 0 ? [] : [sequence(...own)])),
  );
  const tbs = sequence(
    integer('01'),
    algorithm,
    fieldsOf(issuer).subject,
    generalizedTime(thisUpdate),
    ...(nextUpdate === null ? [] : [generalizedTime(nextUpdate)]),
    ...(revoked.length === 0 ? [] : [sequence(Buffer.concat(revoked))]),
    ...(extensions.length === 0 ? [] : [explicit(0, sequence(...extensions))]),
  );
  return signed(tbs, issuer, algorithm);
}

/** IssuingDistributionPoint (RFC 5280 section 5.2.5) for these URLs and with these flags. */
export function issuingPoint(urls: readonly string[], ...flags: readonly number[]): Buffer {
  const names = urls.map((url) => tlv(0x86, Buffer.from(url)));
  const point = urls.length === 0 ? [] : [explicit(0, explicit(0, Buffer.concat(names)))];
  const scope = sequence(...point, ...flags.map((tag) => tlv(tag, Buffer.from([0xff]))));
  return extension('2.5.29.28', scope, true);
}

export function crlPem(der: Buffer): string {
  const lines = der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN X509 CRL-----\n${lines}\n-----END X509 CRL-----\n`;
}

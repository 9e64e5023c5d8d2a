import { type KeyObject, X509Certificate } from 'node:crypto';
import { EvercertError } from '../errors.ts';
import { parseIdentifier, sameNames } from './identifier.ts';
import { publicKeyOf } from './keys.ts';
import { splitCertificates } from './pem.ts';
import { readWhereabouts, type Whereabouts } from './whereabouts.ts';

/** What we need to know of a leaf. Times are milliseconds since 1970. */
export interface LeafFacts extends Whereabouts {
  readonly names: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  readonly serial: string;
  readonly issuer: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
}

/** Our clock may be this much behind the CA's. */
const CLOCK_TOLERANCE_MS = 3_600_000;

/** @throws EvercertError chain-bad */
export function readLeaf(pem: string): LeafFacts {
  return decoded('the leaf', () => leafFacts(new X509Certificate(pem)));
}

function leafFacts(certificate: X509Certificate): LeafFacts {
  return {
    names: altNames(certificate.subjectAltName ?? ''),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    serial: certificate.serialNumber.toLowerCase(),
    issuer: commonNameOf(certificate.issuer),
    publicKey: publicKeyOf(certificate.publicKey),
    ...readWhereabouts(certificate.raw),
  };
}

/** Node gives the extension as text; a name that would need its quotes is none that we could have asked for. */
function altNames(text: string): string[] {
  if (text === '') return [];
  return text.split(', ').map((entry) => {
    const value = /^(?:DNS|IP Address):([A-Za-z0-9.:*_-]+)$/.exec(entry)?.[1];
    if (value === undefined) throw badChain(`the leaf has a name of another kind: ${entry.slice(0, 80)}`);
    return parseIdentifier(value).value;
  });
}

function commonNameOf(distinguishedName: string): string {
  return /^CN=(.+)$/m.exec(distinguishedName)?.[1] ?? distinguishedName.replaceAll('\n', ', ');
}

/** A chain that passed every check: PEM blocks, each with a final line feed. */
export interface CheckedChain {
  readonly leaf: LeafFacts;
  readonly certPem: string;
  readonly chainPem: string;
}

/**
 * The checks before a version gets its name (docs/store.md).
 *
 * @param publicKey SubjectPublicKeyInfo of the key that the leaf must be for
 * @throws EvercertError chain-bad
 */
export function checkChain(
  pem: string,
  publicKey: Buffer,
  names: readonly string[],
  now: number,
): CheckedChain {
  const blocks = splitCertificates(pem);
  const [certPem = '', ...issuers] = blocks;
  const leaf = readLeaf(certPem);
  if (!leaf.publicKey.equals(publicKey)) throw badChain('the leaf is for another key than ours');
  if (!sameNames(leaf.names, names))
    throw badChain(`the leaf is for ${leaf.names.join(', ') || 'no name'}, not for ${names.join(', ')}`);
  if (issuers.length === 0) throw badChain('the issuer of the leaf is missing');
  checkLinks(
    blocks.map((block, index) => parseCertificate(block, `certificate ${index + 1}`)),
    now,
  );
  return { leaf, certPem, chainPem: issuers.join('') };
}

function checkLinks(chain: readonly X509Certificate[], now: number): void {
  for (const [index, certificate] of chain.entries()) {
    checkDates(certificate, index, now);
    const issuer = chain[index + 1];
    if (issuer === undefined) return;
    if (!issuer.ca) throw badChain(`certificate ${index + 2} is not a CA`);
    const issued = decoded(
      `certificate ${index + 2}`,
      () => certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey),
    );
    if (!issued) throw badChain(`certificate ${index + 1} was not issued by the one after it`);
  }
}

function checkDates(certificate: X509Certificate, index: number, now: number): void {
  if (Date.parse(certificate.validFrom) > now + CLOCK_TOLERANCE_MS) {
    throw badChain(
      `certificate ${index + 1} is not valid before ${certificate.validFrom}; is the clock of this machine right?`,
    );
  }
  if (Date.parse(certificate.validTo) <= now) {
    throw badChain(
      `certificate ${index + 1} ended on ${certificate.validTo}; is the clock of this machine right?`,
    );
  }
}

/** Whether the private key and the leaf belong together. */
export function isKeyOf(key: KeyObject, leaf: LeafFacts): boolean {
  return publicKeyOf(key).equals(leaf.publicKey);
}

/** The common names of the issuers in a chain: of each certificate its issuer's, the topmost last. */
export function issuerNames(pem: string): string[] {
  return splitCertificates(pem).map((block) => commonNameOf(parseCertificate(block, 'a certificate').issuer));
}

function parseCertificate(pem: string, what: string): X509Certificate {
  return decoded(what, () => new X509Certificate(pem));
}

/** What Node throws while it decodes is the certificate's fault; so is a name that cannot be one. */
function decoded<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof EvercertError && cause.code === 'chain-bad') throw cause;
    throw badChain(`${what} does not decode`, cause);
  }
}

function badChain(why: string, cause?: unknown): EvercertError {
  return new EvercertError(
    'chain-bad',
    `the certificate cannot be used: ${why}`,
    'Nothing was deployed and the live version was kept. If this repeats, tell the CA or use another one.',
    cause,
  );
}

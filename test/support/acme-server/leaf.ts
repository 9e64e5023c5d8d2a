import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { type Authority, generateKeys, SIGNING, serialNumber } from './ca.ts';
import { serialNumberBytes } from './der.ts';
import type { Identifier } from './identifiers.ts';
import type { Knobs } from './knobs.ts';

const TLS_FEATURE = '1.3.6.1.5.5.7.1.24';

/** What the leaf is to say. */
export interface LeafRequest {
  identifiers: Identifier[];
  csr: x509.Pkcs10CertificateRequest;
  lifetimeSeconds: number;
  /** Whether the serial number starts with 00 in DER. */
  leadingZero: boolean;
}

interface Leaf {
  certificate: x509.X509Certificate;
  der: Buffer;
  ariId: string;
  notBefore: number;
  notAfter: number;
}

/** Issues a leaf from the intermediate, spoiled as the knob `tamper` says. */
export async function issueLeaf(authority: Authority, knobs: Knobs, request: LeafRequest): Promise<Leaf> {
  const { notBefore, notAfter } = validity(knobs, request.lifetimeSeconds);
  const names = spoiledNames(knobs, request.identifiers);
  const publicKey = knobs.tamper === 'wrong-key' ? (await generateKeys()).publicKey : request.csr.publicKey;
  const subject = commonName(request.identifiers);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(request.leadingZero ? 0x80 : 0x40),
    ...(subject && { subject }),
    issuer: authority.intermediate.certificate.subjectName,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey,
    signingKey: authority.intermediate.keys.privateKey,
    signingAlgorithm: SIGNING,
    extensions: [
      ...(await issuerExtensions(authority, knobs)),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      new x509.SubjectAlternativeNameExtension(names, subject === undefined),
      ...mustStaple(request.csr),
    ],
  });
  const der = Buffer.from(certificate.rawData);
  return { certificate, der, ariId: ariId(certificate), notBefore, notAfter };
}

function validity(knobs: Knobs, lifetimeSeconds: number): { notBefore: number; notAfter: number } {
  const life = lifetimeSeconds * 1000;
  const start = Math.floor(knobs.now() / 1000) * 1000 - knobs.backdateSeconds * 1000;
  if (knobs.tamper === 'expired') return { notBefore: start - 2 * life, notAfter: start - life };
  const notBefore = knobs.tamper === 'not-yet-valid' ? start + knobs.backdateSeconds * 1000 + life : start;
  return { notBefore, notAfter: notBefore + life };
}

function spoiledNames({ tamper }: Knobs, identifiers: Identifier[]): Identifier[] {
  const extra: Identifier = { type: 'dns', value: 'extra.invalid' };
  if (tamper === 'extra-name') return [...identifiers, extra];
  if (tamper === 'missing-name') return identifiers.length > 1 ? identifiers.slice(0, -1) : [extra];
  return identifiers;
}

function commonName([first]: Identifier[]): x509.JsonName | undefined {
  return first?.type === 'dns' && first.value.length <= 64 ? [{ CN: [first.value] }] : undefined;
}

/** The extensions that need no look at the request. */
async function issuerExtensions(authority: Authority, knobs: Knobs): Promise<x509.Extension[]> {
  return [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
    new x509.BasicConstraintsExtension(false, undefined, true),
    await x509.AuthorityKeyIdentifierExtension.create(authority.intermediate.keys.publicKey),
    ...(knobs.ocspUrl === null ? [] : [new x509.AuthorityInfoAccessExtension({ ocsp: knobs.ocspUrl })]),
    ...(knobs.crlUrl === null ? [] : [new x509.CRLDistributionPointsExtension([knobs.crlUrl])]),
  ];
}

/** RFC 7633: a CSR may ask for must-staple. */
function mustStaple(csr: x509.Pkcs10CertificateRequest): x509.Extension[] {
  const feature = csr.getExtension(TLS_FEATURE);
  return feature ? [feature] : [];
}

/** The certificate identifier of RFC 9773 section 4.1. */
export function ariId(certificate: x509.X509Certificate): string {
  const keyId = certificate.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId ?? '';
  const serial = serialNumberBytes(Buffer.from(certificate.rawData));
  return `${Buffer.from(keyId, 'hex').toString('base64url')}.${serial.toString('base64url')}`;
}

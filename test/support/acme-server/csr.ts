import 'reflect-metadata';
import { createPublicKey, type KeyObject } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { readDer } from './der.ts';
import { canonicalAddress, type Identifier, identifierKey } from './identifiers.ts';
import { decodeBase64url } from './parse.ts';
import { AcmeProblem } from './problem.ts';

/** Checks a CSR for an order: whole, signed, a good key that is not the account's, exactly the order's names. */
export async function readCsr(
  text: string,
  identifiers: Identifier[],
  accountKey: KeyObject,
): Promise<x509.Pkcs10CertificateRequest> {
  const csr = parseCsr(decodeBase64url(text, 'The csr'));
  if (!(await verifies(csr))) throw badCsr('The signature of the CSR does not verify');
  checkKey(csr, accountKey);
  checkNames(csr, identifiers);
  return csr;
}

function parseCsr(der: Buffer): x509.Pkcs10CertificateRequest {
  if (readDer(der)?.end !== der.length) throw badCsr('The CSR is not one DER element');
  try {
    return new x509.Pkcs10CertificateRequest(der);
  } catch {
    throw badCsr('The CSR cannot be parsed');
  }
}

async function verifies(csr: x509.Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await csr.verify();
  } catch {
    return false;
  }
}

function checkKey(csr: x509.Pkcs10CertificateRequest, accountKey: KeyObject): void {
  const key = createPublicKey({ key: Buffer.from(csr.publicKey.rawData), format: 'der', type: 'spki' });
  if (key.equals(accountKey)) throw badCsr('The key of the CSR is the account key');
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  const good = key.asymmetricKeyType === 'rsa' ? modulusLength >= 2048 : isGoodCurve(namedCurve);
  if (!good)
    throw badCsr(`The key of the CSR (${key.asymmetricKeyType} ${namedCurve || modulusLength}) is refused`);
}

function isGoodCurve(curve: string): boolean {
  return curve === 'prime256v1' || curve === 'secp384r1';
}

function checkNames(csr: x509.Pkcs10CertificateRequest, identifiers: Identifier[]): void {
  const asked = sanIdentifiers(csr).map(identifierKey).sort();
  const ordered = identifiers.map(identifierKey).sort();
  if (asked.join() !== ordered.join()) {
    throw badCsr(`The CSR names [${asked.join(', ')}], the order [${ordered.join(', ')}]`);
  }
  for (const name of csr.subjectName.getField('CN')) {
    if (!identifiers.some(({ value }) => value === name))
      throw badCsr(`The CN "${name}" is not in the order`);
  }
}

function sanIdentifiers(csr: x509.Pkcs10CertificateRequest): Identifier[] {
  const extension = csr.extensions.find(
    (candidate) => candidate instanceof x509.SubjectAlternativeNameExtension,
  );
  return (extension?.names.items ?? []).map(({ type, value }) => {
    if (type === 'dns') return { type, value };
    if (type === 'ip') return { type, value: canonicalAddress(value) };
    throw badCsr(`The CSR holds a name of type ${type}`);
  });
}

function badCsr(detail: string): AcmeProblem {
  return new AcmeProblem('badCSR', 400, detail);
}

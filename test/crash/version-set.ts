import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

const KEY_FILES = new Set(['privkey.pem', 'combined.pem']);
const FILES = ['cert.pem', 'chain.pem', 'combined.pem', 'fullchain.pem', 'meta.json', 'privkey.pem'];
const BLOCK = /-----BEGIN ([A-Z ]+)-----\n[A-Za-z0-9+/=\n]+-----END \1-----\n/g;

/** What is wrong with a version's directory, independently of evercert's own checks; empty when it is whole. */
export function faultsOfVersion(directory: string): string[] {
  const names = readdirSync(directory).sort();
  if (names.join() !== FILES.join()) return [`${directory} holds ${names.join(', ') || 'nothing'}`];
  const wrongModes = names
    .map((name) => ({ name, mode: statSync(join(directory, name)).mode & 0o7777 }))
    .filter(({ name, mode }) => mode !== (KEY_FILES.has(name) ? 0o600 : 0o644))
    .map(({ name, mode }) => `${directory}/${name} has mode ${mode.toString(8)}`);
  return [...wrongModes, ...faultsOfContent(directory)];
}

function faultsOfContent(directory: string): string[] {
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  const [key, cert, chain] = [read('privkey.pem'), read('cert.pem'), read('chain.pem')];
  const faults: string[] = [];
  const demand = (ok: boolean, what: string) => ok || faults.push(`${directory}: ${what}`);
  for (const [text, what] of [
    [key, 'key'],
    [cert, 'certificate'],
    [chain, 'chain'],
  ] as const)
    demand(text !== '' && text.replace(BLOCK, '') === '', `${what} is no whole PEM`);
  if (faults.length > 0) return faults;
  demand(read('fullchain.pem') === cert + chain, 'fullchain is not cert + chain');
  demand(read('combined.pem') === key + cert + chain, 'combined is not key + fullchain');
  const [leaf, issuer] = [new X509Certificate(cert), new X509Certificate(chain)];
  demand(leaf.checkPrivateKey(createPrivateKey(key)), 'key and certificate do not match');
  demand(leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey), 'chain did not sign the leaf');
  demand(typeof JSON.parse(read('meta.json')) === 'object', 'meta.json is torn');
  return faults;
}

/** The names in the certificate of a version. */
export function namesOfVersion(directory: string): string[] {
  const { subjectAltName } = new X509Certificate(readFileSync(join(directory, 'cert.pem')));
  return (subjectAltName ?? '')
    .split(', ')
    .map((name) => name.replace(/^DNS:/, ''))
    .sort();
}

import { createHash } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { canonicalAddress, type Identifier } from './identifiers.ts';
import type { Knobs } from './knobs.ts';
import { unauthorized } from './problem.ts';
import type { ValidationTarget } from './validate.ts';

const PROTOCOL = 'acme-tls/1';
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';

/** tls-alpn-01, RFC 8737 section 3: the names all lead to 127.0.0.1, port `tlsAlpnPort`. */
export async function validateTlsAlpn01(target: ValidationTarget, knobs: Knobs): Promise<void> {
  const socket = await handshake(serverName(target.identifier), knobs);
  const raw = socket.getPeerCertificate().raw;
  const protocol = socket.alpnProtocol;
  socket.destroy();
  if (protocol !== PROTOCOL) throw unauthorized(`The server did not negotiate ${PROTOCOL}`);
  checkCertificate(new x509.X509Certificate(raw), target);
}

/** RFC 8738 section 6: for an address the SNI is its reverse DNS name. */
function serverName({ type, value }: Identifier): string {
  if (type === 'dns') return value;
  if (!isIPv6(value)) return `${value.split('.').reverse().join('.')}.in-addr.arpa`;
  return `${[...hexDigits(value)].reverse().join('.')}.ip6.arpa`;
}

function hexDigits(address: string): string {
  const [head = '', tail = ''] = canonicalAddress(address).split('::');
  const before = head.split(':').filter(Boolean);
  const after = tail.split(':').filter(Boolean);
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].map((group) => group.padStart(4, '0')).join('');
}

function handshake(servername: string, knobs: Knobs): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port: knobs.tlsAlpnPort,
      servername,
      ALPNProtocols: [PROTOCOL],
      rejectUnauthorized: false,
      timeout: knobs.validationTimeoutMs,
    });
    socket.on('secureConnect', () => resolve(socket));
    socket.on('timeout', () => socket.destroy(new Error('Timeout during connect')));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('The connection was closed')));
  });
}

function checkCertificate(
  certificate: x509.X509Certificate,
  { identifier, keyAuthorization }: ValidationTarget,
): void {
  const names = certificate.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const [name] = names;
  const value = name && isIP(name.value) ? canonicalAddress(name.value) : name?.value;
  if (names.length !== 1 || name?.type !== identifier.type || value !== identifier.value) {
    throw unauthorized(`The certificate must name ${identifier.value} and nothing else`);
  }
  const extension = certificate.getExtension(ACME_IDENTIFIER);
  const digest = createHash('sha256').update(keyAuthorization).digest();
  const expected = Buffer.concat([Buffer.from([4, digest.length]), digest]);
  if (!extension?.critical || !expected.equals(Buffer.from(extension.value))) {
    throw unauthorized(
      'The acmeIdentifier extension is missing, not critical or for another key authorization',
    );
  }
}

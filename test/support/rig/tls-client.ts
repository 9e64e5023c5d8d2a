import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { executable } from './executables.ts';

export interface ServedCertificate {
  readonly der: Buffer;
  /** Upper-case hexadecimal pairs parted by colons, as `X509Certificate.fingerprint256`. */
  readonly fingerprint: string;
  readonly certificate: X509Certificate;
}

const HANDSHAKE_MS = 5_000;

/** The leaf that a server on this loopback port serves for `servername`, trusted or not. */
export function servedCertificate(port: number, servername = 'localhost'): Promise<ServedCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(served(raw));
    });
    socket.setTimeout(HANDSHAKE_MS, () => socket.destroy(new Error(`no TLS answer on port ${port}`)));
    socket.once('error', reject);
  });
}

export interface OpensslAnswer extends ServedCertificate {
  /** All that `openssl s_client` printed: chain, OCSP answer (with `-status`), session ticket. */
  readonly output: string;
}

/** The same as an independent client sees it; `args` go to `openssl s_client`, e.g. `-status` or `-no_ticket`. */
export async function servedByOpenssl(
  port: number,
  servername = 'localhost',
  args: readonly string[] = [],
): Promise<OpensslAnswer> {
  const target = ['-connect', `127.0.0.1:${port}`, '-servername', servername];
  const child = spawn(executable('openssl'), ['s_client', ...target, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: HANDSHAKE_MS,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (part) => {
    output += part;
  });
  child.stderr.setEncoding('utf8').on('data', (part) => {
    output += part;
  });
  // A client that was refused has ended already.
  child.stdin.on('error', () => undefined).end('Q\n');
  await once(child, 'close');
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(output)?.[0];
  if (pem === undefined) throw new Error(`openssl got no certificate from port ${port}\n${output}`);
  return { ...served(pem), output };
}

function served(certificateBytes: Buffer | string): ServedCertificate {
  const certificate = new X509Certificate(certificateBytes);
  return { der: certificate.raw, fingerprint: certificate.fingerprint256, certificate };
}

import 'reflect-metadata';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import * as x509 from '@peculiar/x509';
import { type Authority, generateKeys, privateKeyPem, SIGNING, serialNumber, toPem } from './ca.ts';

/** A listening server with all its sockets in hand. */
export interface Listener {
  baseUrl: string;
  close: () => Promise<void>;
}

/** Listens on a free (or the given) port of 127.0.0.1; with an authority it speaks TLS. */
export async function listen(
  handler: RequestListener,
  port: number,
  tls: Authority | undefined,
): Promise<Listener> {
  const server: Server = tls ? createTlsServer(await serverCertificate(tls), handler) : createServer(handler);
  // Longer than any test: an idle connection that closes just as it is used again would be a fault that nobody injected.
  server.keepAliveTimeout = 120_000;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: actual } = server.address() as AddressInfo;
  return {
    baseUrl: `${tls ? 'https' : 'http'}://127.0.0.1:${actual}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A certificate for localhost and 127.0.0.1, signed by the test root. */
async function serverCertificate({ root }: Authority): Promise<{ key: string; cert: string }> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(0x40),
    subject: 'CN=localhost',
    issuer: root.certificate.subjectName,
    notBefore: root.certificate.notBefore,
    notAfter: root.certificate.notAfter,
    publicKey: keys.publicKey,
    signingKey: root.keys.privateKey,
    signingAlgorithm: SIGNING,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'localhost' },
        { type: 'ip', value: '127.0.0.1' },
      ]),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ],
  });
  return { key: await privateKeyPem(keys), cert: toPem(certificate) };
}

import { connect as connectPlain, type Socket } from 'node:net';
import * as tls from 'node:tls';
import { EvercertError, systemCode } from '../errors.ts';
import { createDeadline } from './deadline.ts';
import { reasonOf } from './http-errors.ts';
import { type StartTls, startTls } from './starttls.ts';
import { createWire, notServed } from './wire.ts';

/** By TCP, or by a Unix-domain socket. */
export type ServerAddress = { readonly host: string; readonly port: number } | { readonly path: string };

export interface ProbeQuestion {
  readonly address: ServerAddress;
  /** Server name indication (RFC 6066 section 3); undefined for none. */
  readonly serverName: string | undefined;
  readonly starttls: StartTls | undefined;
  /** Of which kind the wanted certificate is, for servers that have one of each. */
  readonly keyType: 'rsa' | 'ecdsa';
}

/**
 * The leaf that a server sends now, DER, whoever issued it.
 *
 * @param timeoutMs for all of it
 * @throws EvercertError not-served, whose message is the rest of a sentence about the server; the signal's reason
 */
export type ProbeTls = (question: ProbeQuestion, timeoutMs: number, signal: AbortSignal) => Promise<Buffer>;

export const probeTls: ProbeTls = async (question, timeoutMs, signal) => {
  const deadline = createDeadline(signal);
  deadline.after(timeoutMs, () => notServed(`it did not answer within ${timeoutMs / 1000} s`));
  try {
    return await askAgain(question, deadline.signal);
  } catch (error) {
    deadline.signal.throwIfAborted();
    throw probeError(error);
  } finally {
    deadline.end();
  }
};

/** A server without a certificate of the wanted kind refuses: then whatever it has is what it serves. */
async function askAgain(question: ProbeQuestion, signal: AbortSignal): Promise<Buffer> {
  try {
    return await ask(question, OFFERS[question.keyType], signal);
  } catch (error) {
    if (!/ALERT_HANDSHAKE_FAILURE|ALERT_INTERNAL_ERROR|ALERT_ILLEGAL_PARAMETER/.test(systemCode(error) ?? ''))
      throw error;
    return ask(question, ANY, signal);
  }
}

const TLS13 = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';
const PKCS1 = 'rsa_pkcs1_sha256:rsa_pkcs1_sha384:rsa_pkcs1_sha512';

/**
 * What makes a server with two certificates send the one of a kind: in TLS 1.3 the signature algorithms (RFC 8446 section
 * 4.2.3; those of PKCS #1 are for chains alone), before that the cipher suites. No secret is sent, so old servers
 * and small keys will do.
 */
const ANY = { minVersion: 'TLSv1', ciphers: `${TLS13}:DEFAULT:@SECLEVEL=0` } as const;
const OFFERS: Record<ProbeQuestion['keyType'], tls.SecureContextOptions> = {
  rsa: {
    ...ANY,
    ciphers: `${TLS13}:aRSA:@SECLEVEL=0`,
    sigalgs: `rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:${PKCS1}:RSA+SHA1`,
  },
  ecdsa: {
    ...ANY,
    ciphers: `${TLS13}:aECDSA:@SECLEVEL=0`,
    sigalgs: `ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384:ecdsa_secp521r1_sha512:${PKCS1}`,
  },
};

async function ask(
  { address, serverName, starttls }: ProbeQuestion,
  offer: tls.SecureContextOptions,
  signal: AbortSignal,
): Promise<Buffer> {
  signal.throwIfAborted();
  const socket = connectPlain({ ...address });
  const end = () => void socket.destroy();
  signal.addEventListener('abort', end, { once: true });
  try {
    // What fails is heard by whoever waits; later there is nobody.
    socket.on('error', () => undefined);
    await connected(socket);
    if (starttls !== undefined) await startTls(starttls, createWire(socket));
    return await shakeHands(socket, serverName, offer);
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket
      .once('connect', resolve)
      .once('error', reject)
      .once('close', () => reject(cutOff()));
  });
}

function shakeHands(
  socket: Socket,
  serverName: string | undefined,
  offer: tls.SecureContextOptions,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const secured = tls.connect({
      ...offer,
      socket,
      servername: serverName ?? '',
      rejectUnauthorized: false,
    });
    secured.once('secureConnect', () => {
      const leaf = secured.getPeerX509Certificate()?.raw;
      secured.destroy();
      if (leaf === undefined) reject(notServed('it sent no certificate'));
      else resolve(leaf);
    });
    secured.once('error', reject).once('close', () => reject(cutOff()));
    socket.once('close', () => reject(cutOff()));
  });
}

function cutOff(): EvercertError {
  return notServed('it closed the connection during the TLS handshake');
}

function probeError(error: unknown): unknown {
  const code = systemCode(error);
  if (error instanceof EvercertError || code === undefined) return error;
  const alert = /^ERR_SSL_.*ALERT_(.+)$/.exec(code)?.[1];
  if (alert !== undefined)
    return notServed(`it refused the TLS handshake: ${alert.toLowerCase().replaceAll('_', ' ')}`, error);
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return notServed('it does not speak TLS there', error);
  if (code.startsWith('ERR_SSL_'))
    return notServed(
      `the TLS handshake failed: ${code.slice('ERR_SSL_'.length).toLowerCase().replaceAll('_', ' ')}`,
      error,
    );
  if (code === 'ENOENT') return notServed('there is no such socket', error);
  return notServed(reasonOf(code, error), error);
}

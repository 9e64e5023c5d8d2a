import * as tls from 'node:tls';
import { reach, type Unreached } from './reach.ts';

export interface AlpnQuestion {
  readonly address: string;
  readonly port: number;
  /** Server name indication. */
  readonly serverName: string;
  /** The only protocol that is offered (RFC 7301). */
  readonly protocol: string;
}

export interface AlpnAnswer {
  readonly kind: 'answer';
  /** The one that was agreed on. */
  readonly protocol: string | undefined;
  /** DER. */
  readonly leaf: Buffer | undefined;
}

/**
 * Shakes hands once, whatever the certificate.
 *
 * @param timeoutMs for all of it
 * @throws the signal's reason
 */
export type ProbeAlpn = (
  question: AlpnQuestion,
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<AlpnAnswer | Unreached>;

export const probeAlpn: ProbeAlpn = (question, timeoutMs, signal) =>
  reach(timeoutMs, signal, (ended, connected) => shakeHands(question, ended, connected));

async function shakeHands(
  { address, port, serverName, protocol }: AlpnQuestion,
  signal: AbortSignal,
  connected: () => void,
): Promise<AlpnAnswer> {
  const socket = tls.connect({
    ...{ host: address, port, servername: serverName },
    ...{ ALPNProtocols: [protocol], rejectUnauthorized: false },
  });
  try {
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      socket.once('connect', connected).on('error', reject);
      socket.once('close', () => reject(Object.assign(new TypeError('closed'), { code: 'ECONNRESET' })));
      socket.once('secureConnect', () => {
        const leaf = socket.getPeerX509Certificate()?.raw;
        resolve({ kind: 'answer', protocol: socket.alpnProtocol || undefined, leaf });
      });
    });
  } finally {
    socket.destroy();
  }
}

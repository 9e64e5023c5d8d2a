import * as tls from 'node:tls';
import { type ResponderServer, startListening } from './listening.ts';

/** Both PEM. */
export interface KeyAndCertificate {
  readonly key: string;
  readonly certificate: string;
}

export interface TlsAnswers {
  /** What proves this name to the CA; undefined refuses the connection. */
  readonly of: (serverName: string) => KeyAndCertificate | undefined;
  /** Tells a client nothing, should one that speaks TLS 1.2 come without a protocol. */
  readonly placeholder: KeyAndCertificate;
}

/**
 * A TLS server that speaks nothing but `acme-tls/1` (RFC 8737 section 4), in which nothing is said; an empty address
 * means all, IPv6 and IPv4.
 *
 * @throws EvercertError port-in-use
 */
export type ListenTls = (address: string, port: number, answers: TlsAnswers) => Promise<ResponderServer>;

const PROTOCOL = 'acme-tls/1';
/** Whoever has not shaken hands by then is cut off. */
const SLOWEST_MS = 5000;

const HINTS = {
  taken:
    'Stop it in a --pre-hook, have it hand acme-tls/1 on to another --tls-alpn-01-port (docs/haproxy.md, docs/nginx.md), or prove the names by http-01.',
  addressFlag: '--tls-alpn-01-address',
};

/**
 * The certificate is chosen when name and protocol are known, which OpenSSL tells last. In TLS 1.3 there is none before;
 * in TLS 1.2 it is needed earlier.
 */
export const listenTls: ListenTls = (address, port, { of, placeholder }) => {
  const unnamed = contextOf(placeholder);
  const options: tls.TlsOptions = {
    minVersion: 'TLSv1.2',
    handshakeTimeout: SLOWEST_MS,
    SNICallback(this: tls.TLSSocket, _, choose) {
      choose(null, this.getProtocol() === 'TLSv1.3' ? undefined : unnamed);
    },
    ALPNCallback(this: tls.TLSSocket, { servername, protocols }) {
      // Node says false where the client says no name.
      const name = String(servername || '').toLowerCase();
      const files = protocols.includes(PROTOCOL) ? of(name) : undefined;
      if (files === undefined) return undefined;
      this.setKeyCert(contextOf(files));
      return PROTOCOL;
    },
  };
  // The CA has what it wants when hands are shaken (RFC 8737 section 3).
  const server = tls.createServer(options, (socket) => socket.on('error', ignore).end());
  // Node itself leaves open what took too long.
  server.on('tlsClientError', (_, socket) => socket.destroy());
  return startListening(server, address, port, HINTS);
};

function contextOf({ key, certificate }: KeyAndCertificate): tls.SecureContext {
  return tls.createSecureContext({ key, cert: certificate });
}

function ignore(): void {
  // A client that goes away in the middle is none of our trouble.
}

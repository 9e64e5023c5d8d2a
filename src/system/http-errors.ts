import { EvercertError, systemCode } from '../errors.ts';
import type { HttpProxy } from './proxy.ts';

/**
 * What a failed exchange is for the operator; what is no failure of the network is given back as it is.
 *
 * @param peer the server that was spoken to
 */
export function httpError(peer: string, error: unknown): unknown {
  const code = systemCode(error);
  if (error instanceof EvercertError || code === undefined) return error;
  if (/CERT|SSL|TLS|SIGNATURE|ISSUER/.test(code)) {
    return new EvercertError(
      'tls-failed',
      `the TLS certificate of ${peer} was refused: ${(error as Error).message}`,
      'If this is your own CA, name its root with --ca-bundle FILE; else check the clock of this machine and what stands in between.',
      error,
    );
  }
  return connectionFailed(`cannot reach ${peer}: ${reasonOf(code, error)}`, error);
}

/** Why there is no connection, in words, by the system's code. */
export function reasonOf(code: string, error: unknown): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection was cut off';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its name does not resolve';
    default:
      return error instanceof Error && error.message !== '' ? error.message : code;
  }
}

export function connectionFailed(message: string, cause?: unknown): EvercertError {
  return new EvercertError(
    'connection-failed',
    message,
    'Check the network, DNS and firewall of this machine, then run the same again; renew does so by itself.',
    cause,
  );
}

/** The time for something was over: with the system's own code for that, so that it counts as passing. */
export function timedOut(message: string): EvercertError {
  return connectionFailed(message, Object.assign(new TypeError(message), { code: 'ETIMEDOUT' }));
}

/** A proxy that does not let us through. */
export function proxyRefused({ name }: HttpProxy, target: string, why: string): EvercertError {
  return new EvercertError(
    'connection-failed',
    `the proxy ${name} ${why} when it was asked for ${target}`,
    'Ask whoever runs the proxy to allow it, or correct http_proxy, https_proxy and all_proxy; no_proxy names hosts that need none.',
  );
}

/** A proxy's status, with what can be done about the frequent ones. */
export function proxyAnswered(proxy: HttpProxy, target: string, status: number): EvercertError {
  if (status !== 407) return proxyRefused(proxy, target, `answered with status ${status}`);
  const what =
    proxy.authorization === undefined ? 'wants a user and password' : 'refused the user and password';
  return new EvercertError(
    'connection-failed',
    `the proxy ${proxy.name} ${what} (status 407) when it was asked for ${target}`,
    'Put them into the URL of the proxy (http://USER:PASSWORD@HOST:PORT, each escaped by % where needed); only Basic is spoken.',
  );
}

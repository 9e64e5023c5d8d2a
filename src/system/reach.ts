import { systemCode } from '../errors.ts';
import { createDeadline } from './deadline.ts';

/**
 * How there is no answer. 'silent': there was a connection; 'no-route': this machine has no such network, which says
 * nothing of the place.
 */
export interface Unreached {
  readonly kind: 'none';
  readonly how:
    | 'refused'
    | 'timed-out'
    | 'silent'
    | 'cut-off'
    | 'no-http'
    | 'no-tls'
    | 'unreachable'
    | 'no-route';
}

/**
 * Tries once to get an answer.
 *
 * @param timeoutMs for all of it
 * @param work calls `connected` once there is a connection
 * @throws the signal's reason
 */
export async function reach<T>(
  timeoutMs: number,
  signal: AbortSignal,
  work: (signal: AbortSignal, connected: () => void) => Promise<T>,
): Promise<T | Unreached> {
  signal.throwIfAborted();
  const deadline = createDeadline(signal);
  deadline.after(timeoutMs, () => new TypeError('it took too long'));
  let isConnected = false;
  try {
    return await work(deadline.signal, () => {
      isConnected = true;
    });
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.signal.aborted) return { kind: 'none', how: isConnected ? 'silent' : 'timed-out' };
    return { kind: 'none', how: howOf(systemCode(error) ?? '') };
  } finally {
    deadline.end();
  }
}

function howOf(code: string): Unreached['how'] {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ETIMEDOUT':
      return 'timed-out';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'cut-off';
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return 'no-route';
    default:
      if (code.startsWith('HPE_')) return 'no-http';
      return /SSL|TLS|EPROTO/.test(code) ? 'no-tls' : 'unreachable';
  }
}

import type { RetryAfter } from './knobs.ts';
import type { ProblemDocument } from './problem.ts';

/** What a request asks for; the key of faults, counters and the log. */
export type Endpoint =
  | 'directory'
  | 'newNonce'
  | 'newAccount'
  | 'account'
  | 'accountOrders'
  | 'keyChange'
  | 'newOrder'
  | 'order'
  | 'finalize'
  | 'authz'
  | 'challenge'
  | 'certificate'
  | 'revokeCert'
  | 'renewalInfo'
  | 'unknown';

/**
 * A way to go wrong. A POST whose JWS is refused (badNonce …) is refused as usual; all but `status`, `hang`, `drop` and `delay` then wait
 * for the next request.
 * Without acting: `problem` (after the JWS was verified, so the nonce is spent), `status` (like a load balancer: nothing is looked at),
 * `hang` (no answer), `drop` (socket closed).
 * After acting: `lost-reply` (socket closed instead of the answer), `truncate` (half the body), `garbage` (binary rubbish for a body),
 * `huge` (the true body behind that many spaces). `delay` waits, then acts and answers as usual.
 */
export type Fault =
  | { kind: 'problem'; status: number; problem: ProblemDocument; retryAfter?: RetryAfter }
  | { kind: 'status'; status: number; body?: string; contentType?: string; retryAfter?: RetryAfter }
  | { kind: 'hang' }
  | { kind: 'drop' }
  | { kind: 'lost-reply' }
  | { kind: 'truncate' }
  | { kind: 'garbage' }
  | { kind: 'huge'; bytes: number }
  | { kind: 'delay'; ms: number };

/** Which requests a fault hits. */
export interface Injection {
  endpoint: Endpoint;
  fault: Fault;
  /** How many requests it hits; 1 unless told, Infinity for all. */
  times?: number;
  /** How many requests pass before the first hit. */
  skip?: number;
}

interface ArmedFault {
  endpoint: Endpoint;
  fault: Fault;
  times: number;
  skip: number;
}

/** The faults under way; for each request the oldest one that fits its endpoint and is not used up. */
export class FaultQueue {
  readonly #armed: ArmedFault[] = [];

  add({ endpoint, fault, times = 1, skip = 0 }: Injection): void {
    this.#armed.push({ endpoint, fault, times, skip });
  }

  take(endpoint: Endpoint): Fault | undefined {
    const armed = this.#armed.find((candidate) => candidate.endpoint === endpoint && candidate.times > 0);
    if (!armed) return undefined;
    if (armed.skip > 0) {
      armed.skip -= 1;
      return undefined;
    }
    armed.times -= 1;
    return armed.fault;
  }

  /** Puts back a fault that did not come about. */
  restore(fault: Fault): void {
    const armed = this.#armed.find((candidate) => candidate.fault === fault);
    if (armed) armed.times += 1;
  }

  clear(): void {
    this.#armed.length = 0;
  }
}

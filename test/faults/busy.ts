import type { Fault as Harm } from '../support/acme-server/faults.ts';
import { always, at, everywhere, type Fault } from './fault.ts';
import type { Site } from './site.ts';

/** Longer than our own waits after a first failure. */
const WAIT_S = 7200;
const leastWait = WAIT_S / 60 - 1;
const atItsEnd = (site: Site) => new Date(site.now() + WAIT_S * 1000).toUTCString();

const rateLimited = { type: 'rateLimited', detail: 'too many certificates already issued' };
const limit = (retryAfter: number | string): Harm => ({
  kind: 'problem',
  status: 429,
  problem: rateLimited,
  retryAfter,
});
const busy = (retryAfter: number | string): Harm => ({ kind: 'status', status: 503, retryAfter });

/** A CA that is busy or ill. */
export const busyCa: readonly Fault[] = [
  {
    name: '429, Retry-After 7200',
    arm: at('newOrder', limit(WAIT_S), always),
    told: /rateLimited.*too many/,
    leastWait,
  },
  {
    name: '429, Retry-After a date',
    arm: (site) => at('newOrder', limit(atItsEnd(site)), always)(site),
    leastWait,
  },
  { name: '503 everywhere, Retry-After 7200', arm: everywhere(busy(WAIT_S)), told: /503/, leastWait },
  {
    name: '503 everywhere, Retry-After a date',
    arm: (site) => everywhere(busy(atItsEnd(site)))(site),
    told: /503[\s\S]*Retry-After: (7200|719\d) s/,
    leastWait,
  },
  { name: '503 once at the directory, Retry-After 1', arm: at('directory', busy(1)), isBorne: true },
  { name: '503 once at newOrder, Retry-After 1', arm: at('newOrder', busy(1)), told: /503/ },
  { name: '500 once at the directory', arm: at('directory', { kind: 'status', status: 500 }), isBorne: true },
  { name: '500 once while polling', arm: at('order', { kind: 'status', status: 500 }), isBorne: true },
  { name: '500 once at newOrder', arm: at('newOrder', { kind: 'status', status: 500 }), told: /500/ },
  { name: '500 once at finalize', arm: at('finalize', { kind: 'status', status: 500 }), told: /500/ },
  {
    name: '500 once at the download',
    arm: at('certificate', { kind: 'status', status: 500 }),
    isBorne: true,
  },
];

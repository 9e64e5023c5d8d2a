import { bodies, lostReplies, nonces } from './answers.ts';
import { busyCa } from './busy.ts';
import type { Fault } from './fault.ts';
import { certificates, orders } from './orders.ts';
import { way } from './way.ts';

/** All faults that evercert is to bear. */
export const catalogue: readonly Fault[] = [
  ...way,
  ...busyCa,
  ...bodies,
  ...nonces,
  ...lostReplies,
  ...orders,
  ...certificates,
];

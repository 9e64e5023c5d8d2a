import type { Endpoint, Fault as Harm } from '../support/acme-server/faults.ts';
import type { Knobs } from '../support/acme-server/index.ts';
import type { Site } from './site.ts';

/** Something that goes wrong while a renewal is due. */
export interface Fault {
  readonly name: string;
  arm(site: Site): void | Promise<void>;
  /** Of `renew` while it goes wrong. */
  readonly flags?: readonly string[];
  /** JavaScript that this run begins with. */
  readonly statements?: readonly string[];
  /** How many orders the renewal takes in all; 1 unless told. */
  readonly orders?: number;
  /** evercert gets over it in the same run. */
  readonly isBorne?: boolean;
  /** What the operator must be told, whatever else. */
  readonly told?: RegExp;
  /** Minutes that the CA asks for. */
  readonly leastWait?: number;
  /** It takes longer than half a minute. */
  readonly isSlow?: true;
  /** Pebble refuses so many nonces in a hundred. */
  readonly nonceReject?: number;
  /** Why it cannot be had of Pebble, nor of what stands before it. */
  readonly notAtPebble?: string;
}

export const always = Number.POSITIVE_INFINITY;
const ALL: readonly Endpoint[] = [
  'directory',
  'newNonce',
  'newAccount',
  'newOrder',
  'order',
  'finalize',
  'authz',
  'challenge',
  'certificate',
  'renewalInfo',
];

/** The directory is read twice: for renewal information, and for the order. */
export function at(endpoint: Endpoint, fault: Harm, times = endpoint === 'directory' ? 2 : 1) {
  return (site: Site) => site.inject({ endpoint, fault, times });
}

export function everywhere(fault: Harm) {
  return (site: Site) => {
    for (const endpoint of ALL) site.inject({ endpoint, fault, times: always });
  };
}

/** Turns knobs of our own CA; Pebble has none of them. */
export function turning(knobs: Partial<Knobs>, atPebble: (site: Site) => void = () => undefined) {
  return (site: Site): void => {
    if (site.strict) Object.assign(site.strict.knobs, knobs);
    else atPebble(site);
  };
}

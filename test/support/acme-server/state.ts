import type { Authority } from './ca.ts';
import type { FaultQueue } from './faults.ts';
import type { Identifier } from './identifiers.ts';
import type { PublicJwk } from './keys.ts';
import type { Knobs } from './knobs.ts';
import type { NoncePool } from './nonces.ts';
import type { ProblemDocument } from './problem.ts';
import type { LoggedRequest } from './request-log.ts';
import type { Timers } from './timers.ts';
import type { ChallengeType } from './validate.ts';

export interface Account {
  id: string;
  url: string;
  key: PublicJwk;
  status: 'valid' | 'deactivated' | 'revoked';
  contact: string[];
  externalAccountBinding?: unknown;
}

export interface Challenge {
  type: ChallengeType;
  url: string;
  token: string;
  status: 'pending' | 'processing' | 'valid' | 'invalid';
  validated?: string;
  error?: ProblemDocument;
}

export interface Authorization {
  id: string;
  url: string;
  account: Account;
  identifier: Identifier;
  wildcard: boolean;
  status: 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked';
  expires: number;
  challenges: Challenge[];
}

export interface Order {
  id: string;
  url: string;
  account: Account;
  identifiers: Identifier[];
  authorizations: Authorization[];
  status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';
  expires: number;
  profile?: string;
  replaces?: string;
  error?: ProblemDocument;
  certificate?: IssuedCertificate;
}

/** A certificate that this server issued, with what its tests want to know. */
export interface IssuedCertificate {
  id: string;
  url: string;
  account: Account;
  identifiers: Identifier[];
  /** RFC 9773 section 4.1. */
  ariId: string;
  der: Buffer;
  pem: string;
  serialHex: string;
  notBefore: number;
  notAfter: number;
  revoked?: { at: number; reason: number };
}

/** The suggested window of RFC 9773. */
export interface RenewalWindow {
  start: Date;
  end: Date;
  explanationURL?: string;
}

/** All that the handlers of one server share. */
export interface ServerContext {
  baseUrl: string;
  knobs: Knobs;
  authority: Authority;
  nonces: NoncePool;
  faults: FaultQueue;
  timers: Timers;
  requests: LoggedRequest[];
  accounts: Map<string, Account>;
  orders: Map<string, Order>;
  /** Every order, also those that the CA was told to forget. */
  allOrders: Order[];
  authorizations: Map<string, Authorization>;
  certificates: Map<string, IssuedCertificate>;
  /** The same certificates by their ARI identifier. */
  certificatesByAriId: Map<string, IssuedCertificate>;
  windows: Map<string, RenewalWindow>;
  /** Numbers accounts, orders, authorizations and certificates. */
  nextId: () => string;
}

/** RFC 3339 in UTC, without fractions. */
export function timestamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

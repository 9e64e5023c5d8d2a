import type { ProblemDocument } from './problem.ts';
import type { ChallengeType, Validator } from './validate.ts';

/** A number of seconds, or the header's text as it stands (an HTTP date, or rubbish). */
export type RetryAfter = number | string;

/**
 * How the issued certificate or its download is spoiled. The first five act when the certificate is issued, the others on each
 * download.
 */
export type Tamper =
  | 'wrong-key'
  | 'extra-name'
  | 'missing-name'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-order'
  | 'unrelated-issuer'
  | 'missing-intermediate'
  | 'garbage-after'
  | 'garbage-only';

/** Everything that can be set before the start and changed while the server runs (`server.knobs.x = …`). */
export interface Knobs {
  /** The clock: validity of certificates, expiry of orders and authorizations, ARI windows. */
  now: () => number;
  /** Seed of the random refusals. */
  seed: number;

  /** `meta.termsOfService`; null leaves it out and asks for no agreement. */
  termsOfService: string | null;
  /** Refuse new accounts without an external account binding. */
  externalAccountRequired: boolean;
  /** kid -> HMAC key in base64url. */
  externalAccounts: Record<string, string>;

  /** Profile -> lifetime in seconds; the first is the default. Empty: no `meta.profiles`, 90 days. */
  profiles: Record<string, number>;
  /** notBefore = now - backdateSeconds; notAfter = notBefore + lifetime. */
  backdateSeconds: number;
  /** AIA OCSP URL of leaf certificates. */
  ocspUrl: string | null;
  /** CRL distribution point of leaf certificates. */
  crlUrl: string | null;
  /** Offer the chain to `Test Root X2` as an alternate. */
  alternateChain: boolean;
  tamper: Tamper | null;

  /** Answer newOrder with rejectedIdentifier for these names. */
  rejectedIdentifiers: string[];
  maxIdentifiers: number;
  orderLifetimeSeconds: number;
  /** Split the orders list of an account into pages of that many (RFC 8555 section 7.1.2.1). */
  ordersPerPage: number;
  /** Validated authorizations last this long. */
  authzLifetimeSeconds: number;
  /** Put valid authorizations of the account into new orders. */
  validAuthzReuse: boolean;

  /** Accept every challenge without a look. */
  alwaysValid: boolean;
  /** The port that http-01 (and redirects to port 80) connects to, on 127.0.0.1 for every name. */
  httpPort: number;
  /** The port for redirects to https; 0 refuses them. */
  httpsPort: number;
  /** The port that tls-alpn-01 connects to, on 127.0.0.1 for every name. */
  tlsAlpnPort: number;
  /** TXT records for dns-01; none is NXDOMAIN. */
  lookupTxt: (name: string) => string[] | Promise<string[]>;
  validationDelayMs: number;
  validationTimeoutMs: number;
  /** Fail the validation of these names with this problem (dns, caa …). */
  validationProblems: Record<string, ProblemDocument>;
  /** Replaces the built-in validators. */
  validators: Partial<Record<ChallengeType, Validator>>;

  finalizeDelayMs: number;
  /** Issuance fails: the order goes from processing to invalid with this error. */
  issuanceProblem: ProblemDocument | null;

  /** Offer ARI (directory and endpoint). */
  renewalInfo: boolean;
  /** Retry-After by resource: unfinished orders, pending authorizations and challenges, ARI, all problems. */
  retryAfter: { order?: RetryAfter; authz?: RetryAfter; renewalInfo?: RetryAfter; problem?: RetryAfter };
  /** Refuse this share of good nonces. */
  refuseNoncePercent: number;
}

const DAY = 86_400;

/** The knobs of a well-behaved CA. */
export function defaultKnobs(): Knobs {
  return {
    now: Date.now,
    seed: 1,
    termsOfService: 'https://ca.test/terms',
    externalAccountRequired: false,
    externalAccounts: {},
    profiles: { classic: 90 * DAY, shortlived: 160 * 3600 },
    backdateSeconds: 3600,
    ocspUrl: null,
    crlUrl: null,
    alternateChain: false,
    tamper: null,
    rejectedIdentifiers: [],
    maxIdentifiers: 100,
    orderLifetimeSeconds: 7 * DAY,
    ordersPerPage: Number.POSITIVE_INFINITY,
    authzLifetimeSeconds: 30 * DAY,
    validAuthzReuse: false,
    alwaysValid: false,
    httpPort: 80,
    httpsPort: 0,
    tlsAlpnPort: 443,
    lookupTxt: () => [],
    validationDelayMs: 2,
    validationTimeoutMs: 2000,
    validationProblems: {},
    validators: {},
    finalizeDelayMs: 20,
    issuanceProblem: null,
    renewalInfo: true,
    retryAfter: { renewalInfo: 21_600 },
    refuseNoncePercent: 0,
  };
}

import type { Endpoint, Fault as Harm } from '../support/acme-server/faults.ts';
import type { Tamper } from '../support/acme-server/index.ts';
import { forgeChain } from './forge.ts';
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
  /** It takes longer than half a minute. */
  readonly isSlow?: true;
  /** Pebble refuses so many nonces in a hundred. */
  readonly nonceReject?: number;
  /** Why it cannot be had of Pebble, nor of what stands before it. */
  readonly notAtPebble?: string;
}

const HOUR_S = 3600;
const inAnHour = (site: Site) => new Date(site.now() + HOUR_S * 1000).toUTCString();
const always = Number.POSITIVE_INFINITY;
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
function at(endpoint: Endpoint, fault: Harm, times = endpoint === 'directory' ? 2 : 1) {
  return (site: Site) => site.inject({ endpoint, fault, times });
}

function everywhere(fault: Harm) {
  return (site: Site) => {
    for (const endpoint of ALL) site.inject({ endpoint, fault, times: always });
  };
}

const rateLimited = { type: 'rateLimited', detail: 'too many certificates already issued' };
const limit = (retryAfter: number | string): Harm => ({
  kind: 'problem',
  status: 429,
  problem: rateLimited,
  retryAfter,
});
const busy = (retryAfter: number | string): Harm => ({ kind: 'status', status: 503, retryAfter });
const html: Harm = {
  kind: 'status',
  status: 200,
  body: '<!doctype html><title>Sign in</title>',
  contentType: 'text/html',
};

/** The way to the CA. */
const NETWORK: readonly Fault[] = [
  { name: 'connection refused', arm: (site) => site.proxy.refuse(), told: /connection refused/ },
  { name: 'every connection reset', arm: everywhere({ kind: 'drop' }), told: /was cut off/ },
  { name: 'reset once at the directory', arm: at('directory', { kind: 'drop' }), isBorne: true },
  { name: 'reset once at newOrder', arm: at('newOrder', { kind: 'drop' }), told: /was cut off/ },
  { name: 'reset once while polling', arm: at('order', { kind: 'drop' }), isBorne: true },
  {
    name: 'hang everywhere',
    arm: everywhere({ kind: 'hang' }),
    told: /did not answer within 30 s/,
    isSlow: true,
  },
  {
    name: 'hang at newOrder',
    arm: at('newOrder', { kind: 'hang' }),
    told: /did not answer within 30 s/,
    isSlow: true,
  },
  {
    name: 'TLS expired',
    arm: (site) => site.proxy.showCertificate('expired'),
    told: /TLS certificate .* refused: certificate has expired/,
  },
  {
    name: 'TLS for another host',
    arm: (site) => site.proxy.showCertificate('wrong-host'),
    told: /TLS certificate .* refused: .*(altnames|elsewhere)/,
  },
  {
    name: 'TLS by an unknown root',
    arm: (site) => site.proxy.showCertificate('untrusted'),
    told: /TLS certificate .* refused[\s\S]*--ca-bundle/,
  },
  {
    name: 'DNS does not resolve',
    arm: () => undefined,
    statements: [
      'const dns=(await import("node:dns")).default,ask=dns.lookup',
      'dns.lookup=(name,...rest)=>ask("ca.evercert.invalid",...rest)',
    ],
    told: /its name does not resolve/,
  },
];

/** A CA that is busy or ill. */
const BUSY: readonly Fault[] = [
  {
    name: '429, Retry-After 3600',
    arm: at('newOrder', limit(HOUR_S), always),
    told: /rateLimited.*too many/,
  },
  { name: '429, Retry-After a date', arm: (site) => at('newOrder', limit(inAnHour(site)), always)(site) },
  { name: '503 everywhere, Retry-After 3600', arm: everywhere(busy(HOUR_S)), told: /503/ },
  {
    name: '503 everywhere, Retry-After a date',
    arm: (site) => everywhere(busy(inAnHour(site)))(site),
    told: /503[\s\S]*Retry-After: (3600|359\d) s/,
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

const BODIES: readonly Fault[] = (
  [
    ['truncated', { kind: 'truncate' }],
    ['garbage', { kind: 'garbage' }],
    ['HTML with 200', html],
    ['8 MB', { kind: 'huge', bytes: 8_000_000 }],
  ] as const
).flatMap(([what, harm]) =>
  (['directory', 'newOrder', 'finalize', 'certificate'] as const).map((endpoint) => ({
    name: `${what}: ${endpoint}`,
    arm: at(endpoint, harm),
    // Reading again does no harm.
    ...(what === 'truncated' && ['directory', 'certificate'].includes(endpoint)
      ? { isBorne: true as const }
      : {}),
  })),
);

const NONCES: readonly Fault[] = [
  {
    name: 'half of the nonces refused',
    arm: ({ strict }) => void Object.assign(strict?.knobs ?? {}, { refuseNoncePercent: 50 }),
    nonceReject: 50,
    isBorne: true,
  },
  {
    name: 'no nonce at all',
    arm: ({ proxy }) => {
      proxy.rewrite = (_, { headers: { 'replay-nonce': __, ...headers }, ...reply }) => ({
        ...reply,
        headers,
      });
    },
    told: /sent no nonce/,
  },
];

const LOST: readonly Fault[] = (['newOrder', 'challenge', 'finalize', 'certificate'] as const).map(
  (endpoint) => ({
    name: `reply lost: ${endpoint}`,
    arm: at(endpoint, { kind: 'lost-reply' }),
    ...(endpoint === 'certificate' ? { isBorne: true as const } : { told: /was cut off/ }),
  }),
);

/** Of an order, as the client sees it; the CA itself goes its way. */
function orderSaid(change: Record<string, unknown>) {
  return (site: Site) => {
    site.proxy.rewrite = (endpoint, reply) => {
      if (endpoint !== 'order' && endpoint !== 'finalize') return reply;
      const { certificate, ...order } = JSON.parse(reply.body);
      return { ...reply, body: JSON.stringify({ ...order, ...change }) };
    };
  };
}

const caaProblem = { type: 'urn:ietf:params:acme:error:caa', detail: 'CAA forbids it', status: 403 };

const ORDERS: readonly Fault[] = [
  {
    name: 'order stuck in processing',
    arm: (site) =>
      site.strict
        ? void Object.assign(site.strict.knobs, { finalizeDelayMs: 12_000 })
        : orderSaid({ status: 'processing' })(site),
    flags: ['--issuance-timeout', '4'],
    told: /still processing when time was up/,
  },
  {
    name: 'authorization pending for ever',
    arm: (site) =>
      site.strict
        ? void Object.assign(site.strict.knobs, { validationDelayMs: 12_000 })
        : orderSaid({ status: 'pending' })(site),
    flags: ['--issuance-timeout', '4'],
    told: /still pending when time was up/,
  },
  {
    name: 'order becomes invalid',
    arm: (site) =>
      site.strict
        ? void Object.assign(site.strict.knobs, { issuanceProblem: caaProblem })
        : orderSaid({ status: 'invalid', error: caaProblem })(site),
    orders: 2,
    told: /invalid: caa: CAA forbids it/,
  },
  {
    name: 'account deleted',
    arm: ({ strict }) => strict?.forgetAccounts(),
    isBorne: true,
    told: /had lost the account; it was made again/,
    notAtPebble: 'it keeps accounts until it ends: see the restart',
  },
  {
    name: 'CA restarted, all forgotten',
    arm: (site) => site.restart(),
    isBorne: true,
    told: /had lost the account; it was made again/,
  },
  {
    name: 'CA restarted in the middle of the order',
    arm: (site) => {
      let isDone = false;
      site.proxy.rewrite = async (endpoint, reply) => {
        if (endpoint === 'newOrder' && !isDone) {
          isDone = true;
          await site.restart();
        }
        return reply;
      };
    },
    isBorne: true,
    orders: 2,
  },
];

function forged(name: string, tamper: Tamper, told: RegExp): Fault {
  return {
    name,
    arm: async (site) => {
      if (site.strict) site.strict.knobs.tamper = tamper;
      else site.proxy.rewrite = await forgeChain(tamper);
    },
    orders: 2,
    told,
  };
}

const CERTIFICATES: readonly Fault[] = [
  forged('wrong chain', 'unrelated-issuer', /was not issued by the one after it/),
  forged('wrong key in the leaf', 'wrong-key', /for another key than ours/),
  forged('extra names', 'extra-name', /the leaf is for .*extra\.invalid/),
  forged('expired leaf', 'expired', /ended on/),
];

export const catalogue: readonly Fault[] = [
  ...NETWORK,
  ...BUSY,
  ...BODIES,
  ...NONCES,
  ...LOST,
  ...ORDERS,
  ...CERTIFICATES,
];

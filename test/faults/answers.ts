import type { Fault as Harm } from '../support/acme-server/faults.ts';
import { at, type Fault, turning } from './fault.ts';

const html: Harm = {
  kind: 'status',
  status: 200,
  body: '<!doctype html><title>Sign in</title>',
  contentType: 'text/html',
};

export const bodies: readonly Fault[] = (
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

export const nonces: readonly Fault[] = [
  {
    name: 'half of the nonces refused',
    arm: turning({ refuseNoncePercent: 50 }),
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

export const lostReplies: readonly Fault[] = (
  ['newOrder', 'challenge', 'finalize', 'certificate'] as const
).map((endpoint) => ({
  name: `reply lost: ${endpoint}`,
  arm: at(endpoint, { kind: 'lost-reply' }),
  ...(endpoint === 'certificate' ? { isBorne: true as const } : { told: /was cut off/ }),
}));

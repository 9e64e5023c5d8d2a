import type { Endpoint } from '../support/acme-server/faults.ts';
import type { Tamper } from '../support/acme-server/index.ts';
import { type Fault, turning } from './fault.ts';
import { forgeChain } from './forge.ts';
import type { Site } from './site.ts';

/** Of an order, as the client sees it; the CA itself goes its way. */
function orderSaid(change: Record<string, unknown>, endpoints: readonly Endpoint[] = ['order', 'finalize']) {
  return (site: Site) => {
    site.proxy.rewrite = (endpoint, reply) => {
      if (!endpoints.includes(endpoint)) return reply;
      const { certificate, ...order } = JSON.parse(reply.body);
      return { ...reply, body: JSON.stringify({ ...order, ...change }) };
    };
  };
}

const caaProblem = { type: 'urn:ietf:params:acme:error:caa', detail: 'CAA forbids it', status: 403 };

export const orders: readonly Fault[] = [
  {
    name: 'order stuck in processing',
    arm: turning({ finalizeDelayMs: 6_000 }, orderSaid({ status: 'processing' })),
    flags: ['--issuance-timeout', '2'],
    told: /still processing when time was up/,
  },
  {
    name: 'authorization pending for ever',
    arm: turning({ validationDelayMs: 6_000 }, orderSaid({ status: 'pending' }, ['newOrder', 'order'])),
    flags: ['--issuance-timeout', '2'],
    told: /still pending when time was up/,
  },
  {
    name: 'order becomes invalid',
    arm: turning({ issuanceProblem: caaProblem }, orderSaid({ status: 'invalid', error: caaProblem })),
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

export const certificates: readonly Fault[] = [
  forged('wrong chain', 'unrelated-issuer', /was not issued by the one after it/),
  forged('wrong key in the leaf', 'wrong-key', /for another key than ours/),
  forged('extra names', 'extra-name', /the leaf is for .*extra\.invalid/),
  forged('expired leaf', 'expired', /ended on/),
];

import {
  CERT_NAME,
  DEBUG_CHALLENGES,
  DOMAIN,
  DRY_RUN,
  EVERYWHERE,
  FORCE,
  HOOK_TIMEOUT,
  HOOKS_AND_CHECKS,
  ISSUANCE_TIMEOUT,
  LOCK_WAIT,
  NON_INTERACTIVE,
  THE_CA,
  THE_CERTIFICATE,
  THIS_RUN,
} from './common-flags.ts';
import type { FlagGroup } from './flags.ts';
import { CERTIFICATE, HOOKS, PROOF, PROOF_OF_ALL } from './setting-flags.ts';

// The flags of verbs that have many, in the order of their help.

export const CERTONLY: readonly FlagGroup[] = [
  {
    heading: 'names',
    flags: [DOMAIN, CERT_NAME, { name: 'expand', help: 'add names to the lineage that has some of them' }],
  },
  ...PROOF,
  THE_CA,
  {
    heading: THE_CERTIFICATE,
    flags: [
      ...CERTIFICATE,
      { name: 'new-key', help: 'a new private key, this once, although --reuse-key was set' },
    ],
  },
  HOOKS_AND_CHECKS,
  {
    heading: 'a request of your own',
    flags: [
      {
        name: 'csr',
        value: 'FILE',
        help: 'use this certificate request; writes the three files below and stores no lineage',
      },
      { name: 'cert-path', value: 'FILE', help: 'with --csr (default ./cert.pem)' },
      { name: 'chain-path', value: 'FILE', help: 'with --csr (default ./chain.pem)' },
      { name: 'fullchain-path', value: 'FILE', help: 'with --csr (default ./fullchain.pem)' },
    ],
  },
  {
    heading: THIS_RUN,
    flags: [
      DRY_RUN,
      DEBUG_CHALLENGES,
      FORCE,
      {
        name: 'keep-until-expiring',
        also: ['keep', 'reinstall'],
        help: 'keep a certificate that is not due (the default)',
      },
      ISSUANCE_TIMEOUT,
      LOCK_WAIT,
      NON_INTERACTIVE,
      ...EVERYWHERE,
    ],
  },
];

export const RENEW: readonly FlagGroup[] = [
  {
    heading: 'what is renewed, and how',
    flags: [
      CERT_NAME,
      FORCE,
      DRY_RUN,
      { ...DEBUG_CHALLENGES, help: `with --dry-run: ${DEBUG_CHALLENGES.help}` },
      { name: 'plan', help: 'print what would be done, and why; change nothing' },
      { name: 'retry-now', help: 'do not wait after failures: try again now' },
      { name: 'concurrency', value: 'N', help: 'orders at a time (default 8)' },
      {
        name: 'random-sleep-on-renew',
        help: 'wait up to 8 minutes before the first order, so that not all machines come at once (the default without a terminal)',
      },
      { name: 'no-random-sleep-on-renew', help: 'do not' },
    ],
  },
  {
    heading: 'who is told',
    flags: [
      {
        name: 'notify',
        value: 'TARGET',
        many: true,
        help: 'tell when a person is needed, once a day for one cause: mailto:, smtp:, https: (webhook), ntfy+https:, slack+https:, exec: (docs/monitoring.md); repeat',
      },
      { name: 'notify-expiry', value: 'DAYS', help: 'also tell so long before the end (default 7)' },
      { name: 'notify-test', help: 'send a test to all of them, and do nothing else' },
      { name: 'metrics-file', value: 'FILE.prom', help: "metrics for Prometheus' node_exporter" },
    ],
  },
  { heading: 'hooks, saved into what is renewed', flags: [...HOOKS, HOOK_TIMEOUT] },
  {
    heading: THIS_RUN,
    flags: [
      { name: 'strict', help: 'exit with 1 after any failure, also where 3 says that it can wait' },
      ISSUANCE_TIMEOUT,
      LOCK_WAIT,
      NON_INTERACTIVE,
      ...EVERYWHERE,
    ],
  },
];

export const RECONFIGURE: readonly FlagGroup[] = [
  {
    heading: 'which one',
    flags: [
      { ...CERT_NAME, help: 'the lineage whose settings are to change' },
      {
        ...DOMAIN,
        help: 'not here: names change by certonly --cert-name NAME -d …',
      },
    ],
  },
  ...PROOF_OF_ALL,
  THE_CA,
  { heading: THE_CERTIFICATE, flags: CERTIFICATE },
  HOOKS_AND_CHECKS,
  {
    heading: THIS_RUN,
    flags: [
      { name: 'skip-dry-run', help: 'save the settings without trying them at the CA' },
      DEBUG_CHALLENGES,
      ISSUANCE_TIMEOUT,
      LOCK_WAIT,
      NON_INTERACTIVE,
      ...EVERYWHERE,
    ],
  },
];

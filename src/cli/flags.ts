import {
  CA,
  CA_BUNDLE,
  CA_OF_LINEAGE,
  CERTIFICATE,
  HOOKS,
  PROOF,
  PROOF_OF_ALL,
  SERVER,
} from './setting-flags.ts';

/** One flag: how it is written, what it takes, what it is for. Parser and help are both made of this table. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** Other spellings, certbot's among them. */
  readonly also?: readonly string[];
  /** What stands for the value in the help; absent for a switch. */
  readonly value?: string;
  /** May be given more than once. */
  readonly many?: boolean;
  /** An empty value means something. */
  readonly mayBeEmpty?: boolean;
  /** An empty value takes away what the settings of a lineage say. */
  readonly emptyTakesAway?: boolean;
  readonly help: string;
}

export type Verb =
  | 'certonly'
  | 'renew'
  | 'reconfigure'
  | 'deploy'
  | 'certificates'
  | 'timer'
  | 'register'
  | 'show-account'
  | 'account'
  | 'dns';

export const VERBS: readonly Verb[] = [
  'certonly',
  'renew',
  'reconfigure',
  'deploy',
  'certificates',
  'timer',
  'register',
  'show-account',
  'account',
  'dns',
];

const CERT_NAME: Flag = {
  name: 'cert-name',
  value: 'NAME',
  help: 'the lineage: a name for the certificate and all of its versions',
};
const FORCE: Flag = { name: 'force-renewal', also: ['renew-by-default'], help: 'renew whatever the age' };
const ISSUANCE_TIMEOUT: Flag = {
  name: 'issuance-timeout',
  value: 'SECONDS',
  help: 'give up an order that takes the CA longer (default 300); the next run goes on with it',
};
const DRY_RUN: Flag = {
  name: 'dry-run',
  help: "order from the CA's staging service (from itself, if none is known) and keep no certificate",
};

const DEBUG_CHALLENGES: Flag = {
  name: 'debug-challenges',
  help: 'show what is presented, and wait for Enter before the CA looks at it',
};
const HOOK_TIMEOUT: Flag = {
  name: 'hook-timeout',
  value: 'SECONDS',
  help: 'end a hook that takes longer (default 600)',
};
const LOCK_WAIT: Flag = {
  name: 'lock-wait',
  value: 'SECONDS',
  help: 'wait for another run (default 60; certonly, reconfigure and register 0)',
};

const EVERYWHERE: readonly Flag[] = [
  {
    name: 'config-dir',
    value: 'DIR',
    help: 'where everything is kept (default /etc/evercert, or $EVERCERT_CONFIG_DIR)',
  },
  { name: 'json', help: 'print one JSON object a line' },
  { name: 'quiet', short: 'q', help: 'print only what needs a person' },
  { name: 'verbose', short: 'v', help: 'print each step' },
  { name: 'help', short: 'h', help: 'print this help' },
];

const NON_INTERACTIVE: Flag = {
  name: 'non-interactive',
  short: 'n',
  also: ['noninteractive'],
  help: 'never ask',
};

/** What an account is made with. */
const ACCOUNT: readonly Flag[] = [
  { name: 'email', short: 'm', value: 'ADDRESS', help: 'for the account at the CA' },
  { name: 'agree-tos', help: "agree to the CA's terms of service" },
  { name: 'register-unsafely-without-email', help: 'make the account without an e-mail address' },
  { name: 'eab-kid', value: 'ID', help: 'external account binding: key identifier' },
  {
    name: 'eab-hmac-key',
    value: 'KEY',
    help: 'its HMAC key, base64url; better in $EVERCERT_EAB_HMAC_KEY, where no process list shows it',
  },
];

const RUNNING: readonly Flag[] = [...HOOKS, HOOK_TIMEOUT, LOCK_WAIT, NON_INTERACTIVE];

const DOMAIN: Flag = {
  name: 'domain',
  short: 'd',
  also: ['domains'],
  value: 'NAME',
  many: true,
  help: 'a DNS name or IP address; repeat, or separate by commas; the first names the lineage',
};

const CERTONLY: readonly Flag[] = [
  DOMAIN,
  CERT_NAME,
  ...PROOF,
  ...CA_OF_LINEAGE,
  ...ACCOUNT,
  ...CERTIFICATE,
  { name: 'new-key', help: 'a new private key, this once, although --reuse-key was set' },
  ISSUANCE_TIMEOUT,
  FORCE,
  {
    name: 'keep-until-expiring',
    also: ['keep', 'reinstall'],
    help: 'keep a certificate that is not due (the default)',
  },
  { name: 'expand', help: 'add names to the lineage that has some of them' },
  DRY_RUN,
  DEBUG_CHALLENGES,
  {
    name: 'csr',
    value: 'FILE',
    help: 'use this certificate request; writes the three files below and stores no lineage',
  },
  { name: 'cert-path', value: 'FILE', help: 'with --csr (default ./cert.pem)' },
  { name: 'chain-path', value: 'FILE', help: 'with --csr (default ./chain.pem)' },
  { name: 'fullchain-path', value: 'FILE', help: 'with --csr (default ./fullchain.pem)' },
];

const RENEW: readonly Flag[] = [
  CERT_NAME,
  FORCE,
  DRY_RUN,
  { ...DEBUG_CHALLENGES, help: `with --dry-run: ${DEBUG_CHALLENGES.help}` },
  { name: 'retry-now', help: 'do not wait after failures: try again now' },
  { name: 'strict', help: 'exit with 1 after any failure, also where 3 says that it can wait' },
  ISSUANCE_TIMEOUT,
  {
    name: 'notify',
    value: 'TARGET',
    many: true,
    help: 'tell when a person is needed, once a day for one cause: mailto:, smtp:, https: (webhook), ntfy+https:, slack+https:, exec: (docs/monitoring.md); repeat',
  },
  { name: 'notify-expiry', value: 'DAYS', help: 'also tell so long before the end (default 7)' },
  { name: 'notify-test', help: 'send a test to all of them, and do nothing else' },
  { name: 'metrics-file', value: 'FILE.prom', help: "metrics for Prometheus' node_exporter" },
  { name: 'plan', help: 'print what would be done, and why; change nothing' },
  { name: 'concurrency', value: 'N', help: 'orders at a time (default 8)' },
  {
    name: 'random-sleep-on-renew',
    help: 'wait up to 8 minutes before the first order, so that not all machines come at once (the default without a terminal)',
  },
  { name: 'no-random-sleep-on-renew', help: 'do not' },
];

const RECONFIGURE: readonly Flag[] = [
  { ...CERT_NAME, help: 'the lineage whose settings are to change' },
  {
    ...DOMAIN,
    help: 'not here: names change by certonly --cert-name NAME -d …',
  },
  ...PROOF_OF_ALL,
  ...CA_OF_LINEAGE,
  ...ACCOUNT,
  ...CERTIFICATE,
  { name: 'skip-dry-run', help: 'save the settings without trying them at the CA' },
  DEBUG_CHALLENGES,
  ISSUANCE_TIMEOUT,
];

const TIMER: readonly Flag[] = [
  { name: 'print', help: 'install: print the files and change nothing' },
  { name: 'systemd', help: 'a systemd service and timer, whatever is found here' },
  { name: 'cron', help: 'a line in cron.d, whatever is found here' },
  {
    name: 'unit-dir',
    value: 'DIR',
    help: 'where the systemd units are (default /etc/systemd/system); with it, systemctl is not run',
  },
  { name: 'cron-dir', value: 'DIR', help: 'where the cron file is (default /etc/cron.d)' },
  { name: 'force', help: 'install: replace files that evercert did not write' },
];

const DEPLOY: readonly Flag[] = [
  CERT_NAME,
  { name: 'force', help: 'all hooks of what is live, also those that succeeded' },
  HOOK_TIMEOUT,
  LOCK_WAIT,
];

const FLAGS: Record<Verb, readonly Flag[]> = {
  certonly: [...CERTONLY, ...RUNNING, ...EVERYWHERE],
  renew: [...RENEW, ...RUNNING, ...EVERYWHERE],
  reconfigure: [...RECONFIGURE, ...RUNNING, ...EVERYWHERE],
  deploy: [...DEPLOY, ...EVERYWHERE],
  certificates: [CERT_NAME, ...EVERYWHERE],
  register: [...CA, ...ACCOUNT, LOCK_WAIT, NON_INTERACTIVE, ...EVERYWHERE],
  'show-account': [
    { ...SERVER, help: 'the account at this CA alone: its name, or the URL of its directory' },
    ...EVERYWHERE,
  ],
  account: [
    { ...SERVER, help: 'the account at this CA: its name, or the URL of its directory' },
    ...EVERYWHERE,
  ],
  dns: [
    {
      ...DOMAIN,
      help: 'a DNS name; repeat, or separate by commas; *.NAME beside NAME for both in one record',
    },
    { ...CERT_NAME, help: 'the names of this lineage, at its CA' },
    { ...SERVER, help: 'the CA: its name, or the URL of its directory' },
    CA_BUNDLE,
    ...EVERYWHERE,
  ],
  timer: [...TIMER, ...EVERYWHERE],
};

/** certbot's spellings. */
const OTHER_SPELLINGS: Readonly<Record<string, Verb>> = { show_account: 'show-account' };

export function flagsOf(verb: Verb): readonly Flag[] {
  return FLAGS[verb];
}

export function verbOf(word: string | undefined): Verb | undefined {
  if (word !== undefined && Object.hasOwn(OTHER_SPELLINGS, word)) return OTHER_SPELLINGS[word];
  return VERBS.find((verb) => verb === word);
}

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
  readonly help: string;
}

export type Verb = 'certonly' | 'renew' | 'deploy' | 'certificates' | 'timer' | 'register' | 'show-account';

export const VERBS: readonly Verb[] = [
  'certonly',
  'renew',
  'deploy',
  'certificates',
  'timer',
  'register',
  'show-account',
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
  help: 'give up an order that takes longer (default 300); the next run goes on with it',
};
const DRY_RUN: Flag = {
  name: 'dry-run',
  help: "order from the CA's staging service (from itself, if none is known) and keep no certificate",
};

const HOOK_TIMEOUT: Flag = {
  name: 'hook-timeout',
  value: 'SECONDS',
  help: 'end a hook that takes longer (default 600)',
};
const LOCK_WAIT: Flag = {
  name: 'lock-wait',
  value: 'SECONDS',
  help: 'wait for another run (default 60; certonly and register 0)',
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

const SERVER: Flag = {
  name: 'server',
  value: 'CA',
  help: 'letsencrypt (default), letsencrypt-staging, zerossl, google …, or the URL of an ACME directory',
};

/** Which CA, and with what account. */
const ACCOUNT: readonly Flag[] = [
  SERVER,
  {
    name: 'staging',
    also: ['test-cert'],
    help: "Let's Encrypt's staging service: certificates that no browser trusts",
  },
  {
    name: 'ca-bundle',
    value: 'FILE',
    help: "PEM roots to trust for the CA's own TLS, beside the system's",
  },
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

const RUNNING: readonly Flag[] = [
  {
    name: 'pre-hook',
    value: 'CMD',
    help: 'run before the CA is asked, once a run; if it fails there is no renewal',
  },
  {
    name: 'deploy-hook',
    value: 'CMD',
    also: ['renew-hook'],
    help: 'run for each new certificate once it is live',
  },
  {
    name: 'reload-hook',
    value: 'CMD',
    help: 'run once at the end of a run, for all new certificates that have it',
  },
  { name: 'post-hook', value: 'CMD', help: 'run at the end of a run in which anything was tried' },
  HOOK_TIMEOUT,
  LOCK_WAIT,
  NON_INTERACTIVE,
];

const CERTONLY: readonly Flag[] = [
  {
    name: 'domain',
    short: 'd',
    also: ['domains'],
    value: 'NAME',
    many: true,
    help: 'a DNS name or IP address; repeat, or separate by commas; the first names the lineage',
  },
  CERT_NAME,
  { name: 'webroot', help: 'prove names by files in a directory that a web server serves' },
  { name: 'webroot-path', short: 'w', value: 'DIR', many: true, help: 'that directory, for the -d after it' },
  { name: 'standalone', help: 'prove names by a web server of our own' },
  {
    name: 'http-01-port',
    value: 'PORT',
    help: 'where the standalone server listens (default 80); the CA always asks port 80',
  },
  { name: 'http-01-address', value: 'ADDRESS', mayBeEmpty: true, help: 'on which address (default all)' },
  ...ACCOUNT,
  { name: 'key-type', value: 'TYPE', help: 'ecdsa (default) or rsa' },
  { name: 'elliptic-curve', value: 'CURVE', help: 'secp256r1 (default), secp384r1 or secp521r1' },
  { name: 'rsa-key-size', value: 'BITS', help: '2048 (default), 3072 or 4096' },
  { name: 'reuse-key', help: 'keep the private key over renewals' },
  { name: 'no-reuse-key', help: 'a new private key at each renewal (the default)' },
  { name: 'new-key', help: 'a new private key, this once, although --reuse-key was set' },
  { name: 'key-mode', value: 'MODE', help: 'permissions of privkey.pem and combined.pem (default 0600)' },
  { name: 'key-group', value: 'GROUP', help: 'their group' },
  { name: 'keep-versions', value: 'N', help: 'versions kept before the live one (default 5)' },
  {
    name: 'preferred-chain',
    value: 'CN',
    help: 'the chain whose topmost issuer (or else any issuer) has this common name',
  },
  {
    name: 'fallback-server',
    value: 'CA',
    many: true,
    help: 'a CA to ask when that one is down or limits us; repeat, the first one first',
  },
  { name: 'preferred-profile', value: 'NAME', help: 'a profile of the CA, if it offers it' },
  { name: 'required-profile', value: 'NAME', help: 'a profile of the CA, or no certificate' },
  {
    name: 'renew-before',
    value: 'TIME',
    help: 'how long before the end to renew: 30d, 72h or 33% (default: as the CA suggests, else a third of the life, half of a life under 10 days)',
  },
  {
    name: 'allow-subset-of-names',
    help: 'leave out names that cannot be validated, and ask for them again later',
  },
  { name: 'no-allow-subset-of-names', help: 'all names or no certificate (the default)' },
  {
    name: 'verify',
    value: 'HOST:PORT',
    many: true,
    help: 'after deploying, check that this server serves the new certificate; HOST:PORT[,sni=NAME][,starttls=smtp|imap|pop3|ldap|postgres|mysql][,within=60s], or unix:PATH',
  },
  ISSUANCE_TIMEOUT,
  FORCE,
  {
    name: 'keep-until-expiring',
    also: ['keep', 'reinstall'],
    help: 'keep a certificate that is not due (the default)',
  },
  { name: 'expand', help: 'add names to the lineage that has some of them' },
  DRY_RUN,
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
  deploy: [...DEPLOY, ...EVERYWHERE],
  certificates: [CERT_NAME, ...EVERYWHERE],
  register: [...ACCOUNT, LOCK_WAIT, NON_INTERACTIVE, ...EVERYWHERE],
  'show-account': [
    { ...SERVER, help: 'the account at this CA alone: its name, or the URL of its directory' },
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

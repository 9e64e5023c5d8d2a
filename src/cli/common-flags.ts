import type { Flag, FlagGroup } from './flags.ts';
import { CA_OF_LINEAGE, HOOKS, VERIFY } from './setting-flags.ts';

// Flags of several verbs.

export const CERT_NAME: Flag = {
  name: 'cert-name',
  value: 'NAME',
  help: 'the lineage: a name for the certificate and all of its versions',
};
export const FORCE: Flag = {
  name: 'force-renewal',
  also: ['renew-by-default'],
  help: 'renew whatever the age',
};
export const ISSUANCE_TIMEOUT: Flag = {
  name: 'issuance-timeout',
  value: 'SECONDS',
  help: 'give up an order that takes the CA longer (default 300); the next run goes on with it',
};
export const DRY_RUN: Flag = {
  name: 'dry-run',
  help: "order from the CA's staging service (from itself, if none is known) and keep no certificate",
};

export const DEBUG_CHALLENGES: Flag = {
  name: 'debug-challenges',
  help: 'show what is presented, and wait for Enter before the CA looks at it',
};
export const HOOK_TIMEOUT: Flag = {
  name: 'hook-timeout',
  value: 'SECONDS',
  help: 'end a hook that takes longer (default 600)',
};
export const LOCK_WAIT: Flag = {
  name: 'lock-wait',
  value: 'SECONDS',
  help: 'wait for another run (default 60; certonly, reconfigure and register 0)',
};

export const EVERYWHERE: readonly Flag[] = [
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

export const NON_INTERACTIVE: Flag = {
  name: 'non-interactive',
  short: 'n',
  also: ['noninteractive'],
  help: 'never ask',
};

/** What an account is made with. */
export const ACCOUNT: readonly Flag[] = [
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

export const HOOKS_AND_CHECKS: FlagGroup = {
  heading: 'hooks, and the check after them',
  flags: [...HOOKS, HOOK_TIMEOUT, VERIFY],
};
export const THE_CA: FlagGroup = {
  heading: 'the CA, and the account there',
  flags: [...CA_OF_LINEAGE, ...ACCOUNT],
};
export const THE_CERTIFICATE = 'the certificate and its key';
export const THIS_RUN = 'this run';

export const DOMAIN: Flag = {
  name: 'domain',
  short: 'd',
  also: ['domains'],
  value: 'NAME',
  many: true,
  help: 'a DNS name or IP address; repeat, or separate by commas; the first names the lineage',
};

import {
  ACCOUNT,
  CERT_NAME,
  DOMAIN,
  EVERYWHERE,
  HOOK_TIMEOUT,
  LOCK_WAIT,
  NON_INTERACTIVE,
} from './common-flags.ts';
import { CERTONLY, RECONFIGURE, RENEW } from './flag-groups.ts';
import { CA, CA_BUNDLE, SERVER } from './setting-flags.ts';

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

/** Flags under one heading of the help. */
export interface FlagGroup {
  readonly heading: string;
  readonly flags: readonly Flag[];
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

const FEW: Record<Exclude<Verb, 'certonly' | 'renew' | 'reconfigure'>, readonly Flag[]> = {
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

/** In the order of the help. Few flags have no heading. */
export function groupsOf(verb: Verb): readonly FlagGroup[] {
  switch (verb) {
    case 'certonly':
      return CERTONLY;
    case 'renew':
      return RENEW;
    case 'reconfigure':
      return RECONFIGURE;
    default:
      return [{ heading: '', flags: FEW[verb] }];
  }
}

/** certbot's spellings. */
const OTHER_SPELLINGS: Readonly<Record<string, Verb>> = { show_account: 'show-account' };

export function flagsOf(verb: Verb): readonly Flag[] {
  return groupsOf(verb).flatMap(({ flags }) => flags);
}

export function verbOf(word: string | undefined): Verb | undefined {
  if (word !== undefined && Object.hasOwn(OTHER_SPELLINGS, word)) return OTHER_SPELLINGS[word];
  return VERBS.find((verb) => verb === word);
}

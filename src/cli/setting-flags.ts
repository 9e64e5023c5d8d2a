import type { Flag, FlagGroup } from './flags.ts';

export const SERVER: Flag = {
  name: 'server',
  value: 'CA',
  help: 'letsencrypt (default), letsencrypt-staging, zerossl, google …, or the URL of an ACME directory',
};

export const CA_BUNDLE: Flag = {
  name: 'ca-bundle',
  value: 'FILE',
  help: "PEM roots to trust for the CA's own TLS, beside the system's",
};

const STAGING: Flag = {
  name: 'staging',
  also: ['test-cert'],
  help: "Let's Encrypt's staging service: certificates that no browser trusts",
};

/** Which CA. */
export const CA: readonly Flag[] = [SERVER, STAGING, CA_BUNDLE];

/** The same, where it is kept for a lineage. */
export const CA_OF_LINEAGE: readonly Flag[] = [
  SERVER,
  STAGING,
  {
    name: 'fallback-server',
    value: 'CA',
    emptyTakesAway: true,
    many: true,
    help: 'a CA to ask when that one is down or limits us; repeat, the first one first',
  },
  { ...CA_BUNDLE, emptyTakesAway: true },
];

const WEBROOT_PATH: Flag = {
  name: 'webroot-path',
  short: 'w',
  value: 'DIR',
  many: true,
  help: 'that directory, for the -d after it',
};

const CHALLENGE: readonly Flag[] = [
  {
    name: 'challenge',
    value: '[NAME=]HOW',
    many: true,
    help: 'how all names, or this one, are proven: webroot:/DIR, standalone, tls-alpn, static, dns:PROVIDER, dns-account:PROVIDER, dns-persist, manual, dehydrated; NAME= as all others; repeat',
  },
  {
    name: 'preferred-challenges',
    value: 'LIST',
    help: 'what hooks are to prove names by: http (default) or dns; with --standalone: tls-alpn',
  },
];

const BY_SERVER: readonly Flag[] = [
  { name: 'webroot', help: 'prove names by files in a directory that a web server serves' },
  WEBROOT_PATH,
  { name: 'standalone', help: 'prove names by a web server of our own' },
  {
    name: 'http-01-port',
    value: 'PORT',
    help: 'where the standalone server listens (default 80); the CA always asks port 80',
  },
  { name: 'http-01-address', value: 'ADDRESS', mayBeEmpty: true, help: 'on which address (default all)' },
  { name: 'tls-alpn', help: 'prove names by a TLS server of our own (tls-alpn-01)' },
  {
    name: 'tls-alpn-01-port',
    value: 'PORT',
    help: 'where it listens (default 443); the CA always asks port 443',
  },
  { name: 'tls-alpn-01-address', value: 'ADDRESS', mayBeEmpty: true, help: 'on which address (default all)' },
];

const BY_DNS: readonly Flag[] = [
  {
    name: 'dns-provider',
    also: ['dns'],
    value: 'PROVIDER',
    help: 'prove names by TXT records (dns-01): cloudflare, route53, rfc2136 … (docs/dns.md), acmesh:dns_XX, exec',
  },
  {
    name: 'dns-credentials',
    value: 'FILE',
    emptyTakesAway: true,
    help: "that provider's credentials, in a file that nobody else can read; without it the environment",
  },
  {
    name: 'dns-propagation-timeout',
    value: 'SECONDS',
    help: 'how long all name servers of the zone may take to show the record (default 120); 0: do not ask them',
  },
  {
    name: 'dns-resolvers',
    value: 'ADDRESS[:PORT]',
    emptyTakesAway: true,
    help: "to find the zone with, instead of this machine's; several separated by commas",
  },
];

const BY_HOOKS: readonly Flag[] = [
  { name: 'manual', help: 'prove names by --manual-auth-hook' },
  {
    name: 'manual-auth-hook',
    value: 'CMD',
    help: 'run for each challenge, with the variables of certbot: CERTBOT_DOMAIN, CERTBOT_VALIDATION …',
  },
  { name: 'manual-cleanup-hook', value: 'CMD', emptyTakesAway: true, help: 'run after it' },
  {
    name: 'dehydrated-hook',
    value: 'FILE',
    emptyTakesAway: true,
    help: "a hook script of dehydrated's: proves names, unless there is another way, and deploys",
  },
  { name: 'dehydrated-hook-chain', help: 'give it all challenges in one call (HOOK_CHAIN)' },
  { name: 'no-dehydrated-hook-chain', help: 'one call each (the default)' },
];

/** How names are proven. */
export const PROOF: readonly FlagGroup[] = [
  { heading: 'how names are proven', flags: [...BY_SERVER, ...CHALLENGE] },
  { heading: 'proven by DNS', flags: BY_DNS },
  { heading: 'proven by hooks', flags: BY_HOOKS },
];

/** The same where all names are there already. */
export const PROOF_OF_ALL: readonly FlagGroup[] = PROOF.map((group) => ({
  ...group,
  flags: group.flags.map((flag) =>
    flag === WEBROOT_PATH ? { ...flag, many: false, help: 'that directory, for all names' } : flag,
  ),
}));

/** What a certificate is. */
export const CERTIFICATE: readonly Flag[] = [
  { name: 'key-type', value: 'TYPE', help: 'ecdsa (default) or rsa' },
  { name: 'elliptic-curve', value: 'CURVE', help: 'secp256r1 (default), secp384r1 or secp521r1' },
  { name: 'rsa-key-size', value: 'BITS', help: '2048 (default), 3072 or 4096' },
  { name: 'reuse-key', help: 'keep the private key over renewals' },
  { name: 'no-reuse-key', help: 'a new private key at each renewal (the default)' },
  { name: 'key-mode', value: 'MODE', help: 'permissions of privkey.pem and combined.pem (default 0600)' },
  { name: 'key-group', value: 'GROUP', emptyTakesAway: true, help: 'their group' },
  { name: 'keep-versions', value: 'N', help: 'versions kept before the live one (default 5)' },
  {
    name: 'preferred-chain',
    value: 'CN',
    emptyTakesAway: true,
    help: 'the chain whose topmost issuer (or else any issuer) has this common name',
  },
  {
    name: 'preferred-profile',
    value: 'NAME',
    emptyTakesAway: true,
    help: 'a profile of the CA, if it offers it',
  },
  {
    name: 'required-profile',
    value: 'NAME',
    emptyTakesAway: true,
    help: 'a profile of the CA, or no certificate',
  },
  {
    name: 'renew-before',
    value: 'TIME',
    emptyTakesAway: true,
    help: 'how long before the end to renew: 30d, 72h or 33% (default: as the CA suggests, else a third of the life, half of a life under 10 days)',
  },
  {
    name: 'allow-subset-of-names',
    help: 'leave out names that cannot be validated, and ask for them again later',
  },
  { name: 'no-allow-subset-of-names', help: 'all names or no certificate (the default)' },
];

export const VERIFY: Flag = {
  name: 'verify',
  value: 'HOST:PORT',
  emptyTakesAway: true,
  many: true,
  help: 'after deploying, check that this server serves the new certificate; HOST:PORT[,sni=NAME][,starttls=smtp|imap|pop3|ldap|postgres|mysql][,within=60s], or unix:PATH',
};

export const HOOKS: readonly Flag[] = [
  {
    name: 'pre-hook',
    value: 'CMD',
    emptyTakesAway: true,
    help: 'run before the CA is asked, once a run; if it fails there is no renewal',
  },
  {
    name: 'deploy-hook',
    value: 'CMD',
    emptyTakesAway: true,
    also: ['renew-hook'],
    help: 'run for each new certificate once it is live',
  },
  {
    name: 'reload-hook',
    value: 'CMD',
    emptyTakesAway: true,
    help: 'run once at the end of a run, for all new certificates that have it',
  },
  {
    name: 'post-hook',
    value: 'CMD',
    emptyTakesAway: true,
    help: 'run at the end of a run in which anything was tried',
  },
];

const PROVING = PROOF.flatMap(({ flags }) => flags);
const KEPT = new Set(
  [...PROVING, ...CA_OF_LINEAGE, ...CERTIFICATE, VERIFY, ...HOOKS].map(({ name }) => name),
);

/** Whether a flag is kept in the settings of a lineage. */
export function isSetting(name: string): boolean {
  return KEPT.has(name);
}

// What people type who come from certbot, acme.sh, lego or dehydrated, where it is not ours too (docs/moving.md).

const WEB_SERVERS =
  'Web servers are not configured here: --webroot -w DIR proves names beside them, --reload-hook reloads them.';
const FILES = 'The files are always in live/NAME; a --deploy-hook can copy them elsewhere.';
const BINDING = 'For an account with a binding: --eab-kid ID, and its key in $EVERCERT_EAB_HMAC_KEY.';

const FLAGS: ReadonlyMap<string, string> = new Map([
  ['nginx', WEB_SERVERS],
  ['apache', WEB_SERVERS],
  ['installer', WEB_SERVERS],
  ['eff-email', 'Leave it out: nobody but the CA is told the address.'],
  ['no-eff-email', 'Leave it out: nobody but the CA is told the address.'],
  ['accept-tos', 'It is --agree-tos here.'],
  ['manual-public-ip-logging-ok', 'Leave it out: nobody is asked about that any more.'],
  ['accept-terms', 'It is --agree-tos here.'],
  ['reloadcmd', 'It is --deploy-hook here, or --reload-hook: once for all certificates of a run.'],
  ['key-file', FILES],
  ['fullchain-file', FILES],
  ['cert-file', FILES],
  ['ca-file', FILES],
  ['pem', 'The files are PEM: live/NAME/combined.pem has key and chain in one.'],
  ['keylength', 'It is --elliptic-curve here, or --key-type rsa --rsa-key-size.'],
  ['dnssleep', 'It is --dns-propagation-timeout here, and no fixed sleep.'],
  ['challenge-alias', 'A CNAME of _acme-challenge is followed by itself: docs/dns.md, Delegation.'],
  ['domain-alias', 'A CNAME of _acme-challenge is followed by itself: docs/dns.md, Delegation.'],
  ['alpn', 'It is --tls-alpn here.'],
  ['tls', 'It is --tls-alpn here.'],
  ['http', 'It is --standalone here, with --http-01-port if that is not 80.'],
  ['http.webroot', 'It is --webroot -w DIR here.'],
  ['http.port', 'It is --standalone --http-01-port here.'],
  ['dns.resolvers', 'It is --dns-resolvers here.'],
  ['dns-propagation-seconds', 'It is --dns-propagation-timeout here, and no fixed sleep.'],
  ['dns.propagation-wait', 'It is --dns-propagation-timeout here, and no fixed sleep.'],
  ['path', 'It is --config-dir here.'],
  ['home', 'It is --config-dir here.'],
  ['days', 'It is --renew-before here, as in 30d.'],
  ['run-hook', 'It is --deploy-hook here.'],
  ['eab', BINDING],
  ['kid', BINDING],
  ['hmac', BINDING],
]);

const OBTAIN =
  'A certificate is obtained by evercert certonly, and served by a --deploy-hook: evercert certonly --help.';

const VERBS: ReadonlyMap<string, string> = new Map([
  ['run', OBTAIN],
  ['issue', OBTAIN],
  ['obtain', OBTAIN],
  ['list', 'It is evercert certificates here.'],
  ['cron', 'It is evercert renew here; evercert timer install has it run every hour.'],
  ['install-cronjob', 'It is evercert timer install here.'],
  ['account-thumbprint', 'It is evercert account thumbprint here.'],
  ['delete', 'There is none yet. To stop renewing, move renewal/NAME.json away (docs/running.md).'],
  ['revoke', 'There is none yet. A new key and certificate: evercert certonly --new-key with the names.'],
]);

/** What a flag of another tool is here; undefined for one that nobody has. @param name without hyphens before it */
export function flagOfAnother(name: string): string | undefined {
  return FLAGS.get(name);
}

/** What a verb of another tool is here, with or without hyphens before it. */
export function verbOfAnother(word: string): string | undefined {
  return VERBS.get(word.replace(/^--/, ''));
}

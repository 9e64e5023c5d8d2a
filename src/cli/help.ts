import { type Flag, type FlagGroup, groupsOf, type Verb, verbOf } from './flags.ts';

const OVERVIEW = `evercert obtains TLS certificates by ACME and keeps them renewed

usage:
  evercert certonly …      obtain a certificate, or change one
  evercert renew           renew all that are due: for cron or a systemd timer
  evercert reconfigure     change the settings of a certificate
  evercert deploy          run the hooks that have not succeeded yet
  evercert certificates    list what is there
  evercert register        make an account at a CA
  evercert show-account    what is known of the accounts
  evercert account thumbprint
                           the thumbprint of an account's key, for a web server's configuration
  evercert dns persist-value
                           the TXT record that proves a name for ever, where the CA takes it
  evercert timer …         have renew run every hour, by systemd or cron

  evercert VERB --help     all flags of a verb, with examples
  evercert --version

examples:
  evercert certonly --webroot -w /var/www/html -d example.com,www.example.com \\
      --deploy-hook 'systemctl reload nginx' -m admin@example.com --agree-tos
  evercert certonly --standalone -d mail.example.com
  evercert certonly --dns cloudflare --dns-credentials FILE -d example.com -d '*.example.com'
  evercert renew -q

files (under /etc/evercert, see --config-dir):
  live/NAME/privkey.pem, fullchain.pem, combined.pem (key and chain in one file)
  renewal/NAME.json        what you asked for
  config.json              flags for every run
  hooks/{pre,deploy,reload,post}/
                           executables run for all certificates

exit status:
  0  done, or nothing was due
  1  something failed: a renewal, a deploy hook, a broken lineage
  2  the command line, a setting or the store is not usable; nothing was done
  3  renewals failed or wait after a failure, but the certificates end so late that nobody
     need do anything yet (renew --strict: 1)
  4  another run holds the lock
`;

const VERB_HEADS: Record<Verb, string> = {
  certonly: `evercert certonly: obtain a certificate, or change one

usage:
  evercert certonly --webroot -w DIR -d NAME … [flags]
  evercert certonly --standalone -d NAME … [flags]
  evercert certonly --dns PROVIDER [--dns-credentials FILE] -d NAME … [flags]

What is asked for here is kept in renewal/NAME.json; evercert renew repeats it. A certificate
that is there, holds these names and is not due is kept; changed settings are saved.

examples:
  a web server runs and serves /var/www/html
      evercert certonly --webroot -w /var/www/html -d example.com -d www.example.com
  two sites of one server in one certificate
      evercert certonly --webroot -w /srv/a -d a.example -w /srv/b -d b.example,www.b.example
  port 80 is free
      evercert certonly --standalone -d mail.example.com --deploy-hook 'systemctl reload postfix'
  a wildcard: by DNS, at a provider with an API (docs/dns.md), by your own hooks (docs/hooks.md)
      evercert certonly --dns cloudflare --dns-credentials /etc/evercert/cloudflare.ini \\
          -d example.com -d '*.example.com'
  what you have from certbot, acme.sh, lego or dehydrated: docs/moving.md
      evercert certonly --dns acmesh:dns_xx -d example.com -d '*.example.com'
  try it first
      evercert certonly --dry-run --standalone -d mail.example.com
`,
  renew: `evercert renew: renew all certificates that are due

usage:
  evercert renew [flags]

Due is a certificate when its CA suggests it (ARI), else with a third of its life left (half, if it
lives less than 10 days); and one that was revoked, or is not what its settings ask for. After a
failure the next attempts come later and later, at the fallback CAs if there are any. A run that was
interrupted is finished, a deploy hook that failed is run again. Meant to run every hour.

examples:
  every hour: evercert timer install has systemd or cron run
      evercert renew -q
  what would it do, and why
      evercert renew --plan
  one certificate, now
      evercert renew --cert-name example.com --force-renewal
`,
  reconfigure: `evercert reconfigure: change the settings of a certificate, and order none now

usage:
  evercert reconfigure --cert-name NAME [flags]

What the flags say is kept in renewal/NAME.json, as certonly keeps it; all else stays, as names do.
A change that a dry run can judge (CA, webroot or standalone, key) is tried at the CA's staging
service first, and saved only if that succeeds. A certificate that is not what its settings ask for
any more is renewed by the next evercert renew. What config.json says of certificates is not used.
One -w serves all names; for several: evercert certonly --cert-name NAME -w DIR -d NAME -w ….

examples:
  another deploy hook
      evercert reconfigure --cert-name example.com --deploy-hook 'systemctl reload nginx'
  no fallback CA and no check any more
      evercert reconfigure --cert-name example.com --fallback-server '' --verify ''
  from port 80 to a web server's directory
      evercert reconfigure --cert-name example.com --webroot -w /var/www/html
  to another CA, at the next renewal
      evercert reconfigure --cert-name example.com --server zerossl -m me@example.com --agree-tos
`,
  deploy: `evercert deploy: run the hooks that have not succeeded yet

usage:
  evercert deploy [--cert-name NAME] [--force]

What is live and has a deploy or reload hook that failed, or was not seen to be served: what is open
is done now. No CA is asked. evercert renew does the same by itself, but waits longer after each
failure.

examples:
  a hook was corrected
      evercert deploy
  a server was set up anew, or live was moved to another version by hand
      evercert deploy --cert-name example.com --force
`,
  certificates: `evercert certificates: list what is there

usage:
  evercert certificates [--cert-name NAME] [--json]

One line a certificate: name, names, days left, state. The states are valid, due, expired,
not deployed (a hook failed), interrupted (a run died; the next renew goes on), pinned (live
was moved by hand), never issued and broken. Exit status 1 if one is broken.

examples:
  all of them
      evercert certificates
  for a monitor: notAfter and state
      evercert certificates --json
`,
  register: `evercert register: make an account at a CA, or check the one that is there

usage:
  evercert register [--server CA] -m ADDRESS --agree-tos [flags]

certonly makes an account when it needs one. This makes it beforehand: at each CA that renew may
have to turn to, and where the CA wants an external account binding. An account that is there
already is looked up; another --email is told to the CA.

examples:
  at Let's Encrypt
      evercert register -m admin@example.com --agree-tos
  at a CA that knows its customers, with the key in $EVERCERT_EAB_HMAC_KEY
      evercert register --server zerossl --eab-kid ID -m admin@example.com --agree-tos
`,
  'show-account': `evercert show-account: what is known of the accounts at CAs

usage:
  evercert show-account [--server CA] [--json]

For each account its URL at the CA, its e-mail address, and the thumbprint of its key, which
stateless http-01 answers of web servers need. Keys are never shown. Also written show_account.

examples:
  all of them
      evercert show-account
  one
      evercert show-account --server letsencrypt
`,
  account: `evercert account: what a web server must know of an account at a CA

usage:
  evercert account thumbprint [--server CA] [--json]

Prints the thumbprint of the account's key and nothing else. A web server that answers each
question for /.well-known/acme-challenge/TOKEN with TOKEN.THUMBPRINT proves all of its names:
docs/nginx.md, docs/haproxy.md and docs/apache.md show how. It is no secret. It stays the same
until the account gets another key. --server may be left out where there is one account.

examples:
  the thumbprint
      evercert account thumbprint
  of one of several accounts
      evercert account thumbprint --server letsencrypt
`,
  dns: `evercert dns: what stands in DNS for ever

usage:
  evercert dns persist-value -d NAME … [--server CA]
  evercert dns persist-value --cert-name NAME

Prints the TXT records that prove names by dns-persist-01, as a zone file has them. Make them once;
then certonly --challenge dns-persist, and all renewals, need no access to DNS. A record holds for
one account at one CA, which must offer that challenge. --server may be left out where there is one
account.

examples:
  a name and all below it
      evercert dns persist-value -d example.com -d '*.example.com'
`,
  timer: `evercert timer: have evercert renew run every hour

usage:
  evercert timer install [flags] [-- flags of renew]
  evercert timer show [flags]
  evercert timer remove [flags]

install writes evercert.service and evercert.timer and starts the timer; where systemd does not
run, it writes a file for cron. It prints what it writes and runs, and may be repeated. What stands
after -- is given to every renew. show tells when renew ran last and runs next; its exit status is 1
when nothing will run. remove takes away what install wrote, and nothing else.

examples:
  install it, and let a slow hook take its time
      evercert timer install -- --hook-timeout 3600
  look first
      evercert timer install --print
  does it run?
      evercert timer show
  for a package
      evercert timer install --systemd --unit-dir debian/evercert/usr/lib/systemd/system
`,
};

/** The help that an argument list asks for, or undefined. Needs no parser. */
export function helpFor(argv: readonly string[]): string | undefined {
  const [first] = argv;
  const asks = argv.length === 0 || first === 'help' || argv.includes('--help') || argv.includes('-h');
  if (!asks) return undefined;
  const verb = verbOf(argv.find((word) => !word.startsWith('-') && word !== 'help'));
  return verb === undefined ? OVERVIEW : verbHelp(verb);
}

function verbHelp(verb: Verb): string {
  return `${VERB_HEADS[verb]}\nflags:\n${groupsOf(verb).map(groupHelp).join('')}`;
}

function groupHelp({ heading, flags }: FlagGroup): string {
  return `${heading === '' ? '' : `\n${heading}:\n`}${flags.map(flagHelp).join('')}`;
}

const WIDTH = 96;
const INDENT = 6;

function flagHelp({ name, short, also = [], value, emptyTakesAway, help }: Flag): string {
  const written = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
  const notes = [
    ...(emptyTakesAway ? ["('' takes it away)"] : []),
    ...also.map((other) => `(also --${other})`),
  ];
  return `  ${written}\n${wrap([help, ...notes].join(' '))}`;
}

function wrap(text: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length >= WIDTH - INDENT) {
      lines.push(line);
      line = '';
    }
    line += `${line === '' ? '' : ' '}${word}`;
  }
  return [...lines, line].map((each) => `${' '.repeat(INDENT)}${each}\n`).join('');
}

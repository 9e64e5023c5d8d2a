import { EvercertError } from '../errors.ts';
import { flagsOf, type Verb } from './flags.ts';

/** certbot's own plugins, and those of ours; where none of ours goes by that name, the error says what there is. */
const PLUGIN =
  /^--dns-(azure|cloudflare|desec|digitalocean|dnsimple|dnsmadeeasy|gandi|gehirn|google|hetzner|linode|luadns|nsone|ovh|rfc2136|route53|sakuracloud)(-credentials|-propagation-seconds)?(?:=(.*))?$/s;
/** What --dns-propagation-timeout is by itself: a fixed sleep of certbot's that is shorter says nothing to us. */
const USUAL_WAIT_S = 120;

/**
 * certbot's words for how names are proven, in ours: `-a dns-cloudflare`, `--dns-cloudflare`,
 * `--dns-cloudflare-credentials FILE`, `--dns-cloudflare-propagation-seconds N`.
 *
 * @throws EvercertError usage
 */
export function fromCertbot(verb: Verb, argv: readonly string[]): string[] {
  const takesValue = valueFlags(verb);
  const words: string[] = [];
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? '';
    const takeValue = (inline: string | undefined) => inline ?? valueAfter(word, argv[++at]);
    const [, plugin, rest, inline] = PLUGIN.exec(word) ?? [];
    const [, authenticator] = /^(?:--authenticator=|-a(?=.))(.*)$/s.exec(word) ?? [];
    if (takesValue.has(word)) words.push(word, ...argv.slice(at + 1, ++at + 1));
    else if (word === '-a' || word === '--authenticator' || authenticator !== undefined)
      words.push(fromAuthenticator(takeValue(authenticator)));
    else if (plugin === undefined) words.push(word);
    else if (rest === undefined) words.push(`--dns-provider=${plugin}`);
    else if (rest === '-credentials') words.push(`--dns-credentials=${takeValue(inline)}`);
    else words.push(...fromSeconds(takeValue(inline)));
  }
  return words;
}

function valueAfter(flag: string, next: string | undefined): string {
  if (next !== undefined && !/^-./s.test(next)) return next;
  throw new EvercertError('usage', `${flag} needs a value`, 'See: evercert certonly --help');
}

/** Words after which comes a value, whatever it looks like. */
function valueFlags(verb: Verb): ReadonlySet<string> {
  const flags = flagsOf(verb).filter(({ value }) => value !== undefined);
  return new Set(
    flags.flatMap(({ name, short, also = [] }) => [
      ...[name, ...also].map((long) => `--${long}`),
      ...(short === undefined ? [] : [`-${short}`]),
    ]),
  );
}

function fromAuthenticator(name: string): string {
  if (['standalone', 'webroot', 'manual'].includes(name)) return `--${name}`;
  if (name.startsWith('dns-') && name.length > 4) return `--dns-provider=${name.slice(4)}`;
  throw new EvercertError(
    'usage',
    `there is no authenticator ${JSON.stringify(name)}: there are standalone, webroot, manual and dns-PROVIDER`,
    'Web servers are not configured here: --webroot -w DIR proves names beside them, --reload-hook reloads them.',
  );
}

function fromSeconds(seconds: string): string[] {
  return /^\d+$/.test(seconds) && Number(seconds) <= USUAL_WAIT_S
    ? []
    : [`--dns-propagation-timeout=${seconds}`];
}

import { EvercertError } from '../errors.ts';

/** Where notices go; `label` names it without its secrets. */
export type Target = { readonly text: string; readonly label: string } & (
  | { readonly kind: 'mail'; readonly to: readonly string[]; readonly from: string | undefined }
  | SmtpTarget
  | { readonly kind: 'webhook' | 'ntfy' | 'slack'; readonly url: string }
  | { readonly kind: 'command'; readonly command: string }
);

export interface SmtpTarget {
  readonly kind: 'smtp';
  readonly host: string;
  readonly port: number;
  /** smtps: TLS from the first byte. */
  readonly implicitTls: boolean;
  readonly user: string | undefined;
  readonly passwordFile: string | undefined;
  readonly to: readonly string[];
  readonly from: string | undefined;
}

const MAX_TARGETS = 20;
const MAX_LENGTH = 4000;
/** What every mail system takes, and no header or command line can misread. */
const ADDRESS =
  /^(?=.{1,254}$)[A-Za-z0-9_][A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,63}(?:@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)?$/;

const EXAMPLES = {
  mailto: 'mailto:admin@example.org',
  smtp: 'smtp://user@mail.example.org:587?to=admin@example.org&from=evercert@example.org',
  smtps: 'smtps://user@mail.example.org?to=admin@example.org&passwordFile=/etc/evercert/smtp-password',
  http: 'https://monitor.example.org/hook',
  https: 'https://monitor.example.org/hook',
  'ntfy+http': 'ntfy+https://ntfy.example.org/topic',
  'ntfy+https': 'ntfy+https://ntfy.example.org/topic',
  'slack+http': 'slack+https://hooks.slack.com/services/…',
  'slack+https': 'slack+https://hooks.slack.com/services/…',
  exec: 'exec:logger -t evercert',
} as const;

type Scheme = keyof typeof EXAMPLES;

/**
 * The targets of `--notify`, and of `$EVERCERT_NOTIFY` (separated by white space: for URLs that are secrets).
 *
 * @throws EvercertError usage
 */
export function parseTargets(given: readonly string[], variable: string | undefined): Target[] {
  const words = (variable ?? '').split(/\s+/).filter((word) => word !== '');
  const texts = [...new Set([...given, ...words])];
  if (texts.length <= MAX_TARGETS) return texts.map(parseTarget);
  throw new EvercertError('usage', `more than ${MAX_TARGETS} times --notify`, 'Let a list of mail do that.');
}

/**
 * One target of `--notify`.
 *
 * @throws EvercertError usage; its message shows no more than the scheme
 */
export function parseTarget(text: string): Target {
  const scheme = /^([a-z][a-z+]*):/i.exec(text)?.[1]?.toLowerCase() ?? '';
  if (!isScheme(scheme) || text.length > MAX_LENGTH)
    throw new EvercertError(
      'usage',
      '--notify: that is none of mailto:, smtp:, smtps:, https:, ntfy+https:, slack+https:, exec:',
      `Write it like ${EXAMPLES.mailto} or ${EXAMPLES['ntfy+https']} (docs/monitoring.md).`,
    );
  const rest = text.slice(scheme.length + 1);
  const fail = (why: string) => badTarget(scheme, why);
  switch (scheme) {
    case 'mailto':
      return { text, ...parseMailto(rest, fail) };
    case 'smtp':
    case 'smtps':
      return { text, ...parseSmtp(scheme, rest, fail) };
    case 'exec':
      if (rest.trim() === '' || rest.includes('\0')) throw fail('there is no command');
      return { text, kind: 'command', label: 'exec', command: rest };
    default:
      return { text, ...parseHttp(scheme, rest, fail) };
  }
}

type Fail = (why: string) => EvercertError;
type Parsed<Kind> = Omit<Extract<Target, { kind: Kind }>, 'text'>;

function isScheme(text: string): text is Scheme {
  return Object.hasOwn(EXAMPLES, text);
}

function badTarget(scheme: Scheme, why: string): EvercertError {
  return new EvercertError('usage', `--notify ${scheme}: ${why}`, `Write it like ${EXAMPLES[scheme]}`);
}

function parseMailto(rest: string, fail: Fail): Parsed<'mail'> {
  const [list = '', search = ''] = rest.split('?', 2);
  const query = queryOf(search, ['from'], fail);
  const to = addresses(decoded(list, fail), fail);
  return { kind: 'mail', label: `mailto:${to.join(',')}`, to, from: addressIn(query, 'from', fail) };
}

function parseSmtp(scheme: 'smtp' | 'smtps', rest: string, fail: Fail): Parsed<'smtp'> {
  const url = urlOf(`${scheme}:${rest}`, fail);
  if (url.password !== '')
    throw fail('a password does not belong here: passwordFile=FILE or $EVERCERT_SMTP_PASSWORD');
  if (url.pathname !== '' && url.pathname !== '/') throw fail('nothing stands between server and "?"');
  const query = queryOf(url.search.slice(1), ['to', 'from', 'passwordFile'], fail);
  const user = url.username === '' ? undefined : decoded(url.username, fail);
  const port = Number(url.port) || (scheme === 'smtps' ? 465 : 587);
  return {
    kind: 'smtp',
    label: `${scheme}://${url.hostname}:${port}`,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    implicitTls: scheme === 'smtps',
    user,
    passwordFile: query.get('passwordFile') ?? undefined,
    to: addresses(query.get('to') ?? '', fail),
    from: addressIn(query, 'from', fail) ?? (user?.includes('@') && ADDRESS.test(user) ? user : undefined),
  };
}

const HTTP_KINDS = { ntfy: 'ntfy', slack: 'slack' } as const;

function parseHttp(scheme: Scheme, rest: string, fail: Fail): Parsed<'webhook' | 'ntfy' | 'slack'> {
  const [, shape, protocol] = /^(?:(ntfy|slack)\+)?(https?)$/.exec(scheme) ?? [];
  const kind = HTTP_KINDS[shape as keyof typeof HTTP_KINDS] ?? 'webhook';
  const url = urlOf(`${protocol}:${rest}`, fail);
  if (protocol === 'http' && !isLoopback(url.hostname))
    throw fail('http only leads to this machine; use https');
  if (url.username !== '' || url.password !== '')
    throw fail('a password does not belong here: $EVERCERT_NOTIFY_TOKEN');
  if (kind === 'ntfy' && !/\/[A-Za-z0-9_-]{1,64}$/.test(url.pathname)) throw fail('the topic is missing');
  return { kind, label: `${scheme}://${url.host}`, url: url.href };
}

/** Written as such: a name that merely leads here could lead elsewhere tomorrow. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127\.[\d.]+|\[?::1\]?)$/.test(host);
}

function urlOf(text: string, fail: Fail): URL {
  if (!URL.canParse(text)) throw fail('that is no URL');
  const url = new URL(text);
  if (url.hostname === '') throw fail('the server is missing');
  return url;
}

/** Of mail addresses: a plus is a plus. */
function queryOf(search: string, known: readonly string[], fail: Fail): URLSearchParams {
  const query = new URLSearchParams(search.replaceAll('+', '%2B'));
  const names = [...query.keys()];
  if (names.some((name) => !known.includes(name)) || new Set(names).size < names.length)
    throw fail(`after "?" there can be ${known.map((name) => `${name}=`).join(', ')}, once each`);
  return query;
}

function addresses(list: string, fail: Fail): string[] {
  const found = list.split(',').map((address) => address.trim());
  if (found.every((address) => ADDRESS.test(address))) return found;
  throw fail('a mail address is missing, or is none');
}

function addressIn(query: URLSearchParams, name: string, fail: Fail): string | undefined {
  const value = query.get(name);
  return value === null ? undefined : addresses(value, fail)[0];
}

function decoded(text: string, fail: Fail): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw fail('"%" must be followed by two hexadecimal digits');
  }
}

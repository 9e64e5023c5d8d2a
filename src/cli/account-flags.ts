import type { RegisterOptions } from '../commands/register.ts';
import type { AccountOptions } from '../commands/sessions.ts';
import type { Surroundings } from './command.ts';
import type { Reader } from './reader.ts';
import { usage } from './words.ts';

/**
 * The flags of `evercert account thumbprint`: what stands after what is asked for.
 *
 * @throws EvercertError usage
 */
export function wordsAfter(
  verb: 'account' | 'dns',
  wanted: string,
  [asked, ...flags]: readonly string[],
): readonly string[] {
  if (asked === wanted) return flags;
  const found = asked === undefined ? '' : `, not ${JSON.stringify(asked)}`;
  throw usage(verb, `what is asked for comes first: ${wanted}${found}`);
}

export function readRegister(
  read: Reader,
  { environment, absolute }: Surroundings,
): Pick<RegisterOptions, 'server' | 'caBundle' | 'account'> {
  return { ...readCa(read, absolute), account: readAccount(read, environment) };
}

export function readCa(
  read: Reader,
  absolute: Surroundings['absolute'],
): Pick<RegisterOptions, 'server' | 'caBundle'> {
  const caBundle = read.text('ca-bundle');
  return { server: readServer(read), caBundle: caBundle && absolute(caBundle) };
}

export function readAccount(read: Reader, environment: Surroundings['environment']): AccountOptions {
  const kid = read.text('eab-kid');
  const hmacKey = read.text('eab-hmac-key') ?? (environment.EVERCERT_EAB_HMAC_KEY || undefined);
  if (kid !== undefined && hmacKey === undefined) throw read.usage('--eab-kid needs --eab-hmac-key');
  if (kid === undefined && read.text('eab-hmac-key') !== undefined)
    throw read.usage('--eab-hmac-key needs --eab-kid');
  if (hmacKey !== undefined && !/^[A-Za-z0-9_-]+={0,2}$/.test(hmacKey))
    throw read.usage('--eab-hmac-key is not base64url');
  const email = read.text('email');
  if (email !== undefined && !/^[^\s@,]+@[^\s@,]+$/.test(email))
    throw read.usage(`--email ${JSON.stringify(email)} is no e-mail address`);
  return {
    email,
    withoutEmail: read.on('register-unsafely-without-email'),
    termsAgreed: read.on('agree-tos'),
    externalAccount: kid === undefined || hmacKey === undefined ? undefined : { kid, hmacKey },
  };
}

function readServer(read: Reader): string | undefined {
  const server = read.text('server');
  if (!read.on('staging')) return server;
  if (server === undefined || server === 'letsencrypt') return 'letsencrypt-staging';
  throw read.usage("--staging means Let's Encrypt's; with another --server name its staging service there");
}

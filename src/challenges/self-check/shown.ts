import { createHash } from 'node:crypto';
import type { Shown } from '../../events.ts';
import { parseIdentifier, serverNameOf } from '../../x509/identifier.ts';
import { proofName, proofValue } from '../dns/names.ts';
import { CHALLENGE_PATH, type Proof } from '../solver.ts';

/** What a CA will look for, and where: for an operator who wants to try it by hand. */
export function shownOf({ type, challenge }: Proof): Shown {
  const { name, isWildcard, keyAuthorization, accountUrl } = challenge;
  const about = { name: isWildcard ? `*.${name}` : name, type };
  switch (type) {
    case 'http-01':
      return { ...about, where: answerUrl(challenge), content: keyAuthorization };
    case 'tls-alpn-01': {
      const digest = createHash('sha256').update(keyAuthorization).digest('hex');
      return { ...about, where: serverNameOf(parseIdentifier(name)), content: digest };
    }
    case 'dns-01':
    case 'dns-account-01': {
      const where = proofName(challenge, type === 'dns-account-01');
      return { ...about, where, content: proofValue(challenge) };
    }
    case 'dns-persist-01':
      return { ...about, where: `_validation-persist.${name}`, content: accountUrl };
  }
}

/** Where the CA asks for the answer by HTTP (RFC 8555 section 8.3). */
export function answerUrl({ name, token }: Proof['challenge']): string {
  return `http://${name.includes(':') ? `[${name}]` : name}${CHALLENGE_PATH}${token}`;
}

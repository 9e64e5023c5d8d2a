import { emptyReply, jsonReply, type Reply } from './reply.ts';
import type { ServerContext } from './state.ts';

/** The directory, RFC 8555 section 7.1.1. */
export function directory({ baseUrl, knobs }: ServerContext): Reply {
  return jsonReply(200, {
    newNonce: `${baseUrl}/acme/new-nonce`,
    newAccount: `${baseUrl}/acme/new-account`,
    newOrder: `${baseUrl}/acme/new-order`,
    revokeCert: `${baseUrl}/acme/revoke-cert`,
    keyChange: `${baseUrl}/acme/key-change`,
    ...(knobs.renewalInfo && { renewalInfo: `${baseUrl}/acme/renewal-info` }),
    meta: {
      ...(knobs.termsOfService !== null && { termsOfService: knobs.termsOfService }),
      website: 'https://ca.test/',
      caaIdentities: ['ca.test'],
      externalAccountRequired: knobs.externalAccountRequired,
      ...profilesMember(knobs.profiles),
    },
  });
}

function profilesMember(profiles: Record<string, number>): { profiles?: Record<string, string> } {
  const names = Object.keys(profiles);
  if (names.length === 0) return {};
  return { profiles: Object.fromEntries(names.map((name) => [name, `https://ca.test/profiles#${name}`])) };
}

/** newNonce, RFC 8555 section 7.2: 200 for HEAD, 204 for GET. */
export function newNonce({ nonces }: ServerContext, method: string): Reply {
  return emptyReply(method === 'HEAD' ? 200 : 204, {
    'replay-nonce': nonces.issue(),
    'cache-control': 'no-store',
  });
}

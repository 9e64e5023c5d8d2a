import type { Problem } from './problem.ts';

/** What to do about each type of RFC 8555 section 6.7, RFC 9773 section 7.4 and draft-ietf-acme-profiles. */
const HINTS = new Map(
  Object.entries({
    accountDoesNotExist:
      'The CA does not know this account: evercert register makes it again, with the same key, if --server is that CA.',
    alreadyReplaced:
      'Another order replaced this certificate already; the next run orders without saying so.',
    alreadyRevoked: 'Nothing is to be done: the certificate is revoked.',
    badCSR: 'The CA refuses this key or these names in a request: try another --key-type, or ask the CA.',
    badNonce: 'A proxy or a busy CA keeps refusing nonces; the next run tries again.',
    badPublicKey: 'The CA refuses this kind of key: try another --key-type or --rsa-key-size.',
    badRevocationReason: 'The CA does not take this reason: revoke without one.',
    badSignatureAlgorithm:
      'The CA refuses the kind of the account key: move its folder in accounts/ away and run evercert register.',
    caa: 'A CAA record of the name, or of a domain above it, forbids this CA: add one for it, or use another CA.',
    compound: 'Several things are wrong: see each above.',
    conflict: 'The CA is at work on the same thing; the next run tries again.',
    connection:
      'The CA could not connect to the name: check that its A and AAAA records lead here and that port 80 is open from the Internet.',
    dns: 'The CA could not resolve the name: check its A, AAAA and CNAME records, and DNSSEC.',
    externalAccountRequired:
      'This CA wants an account of its own first: get a key from it and give --eab-kid and --eab-hmac-key.',
    incorrectResponse:
      'The CA found another content than ours: check that the name leads to this web server and to this webroot.',
    invalidContact: 'The CA refuses the e-mail address: give another with --email.',
    invalidProfile: 'The CA does not offer this profile: choose one of those that it names, or none.',
    malformed: 'The CA did not understand the request; if this repeats, please report it.',
    orderNotReady: 'The CA was not ready yet; the next run goes on with the same order.',
    rateLimited: 'Wait as long as the CA says; --dry-run tests against a staging CA without using up limits.',
    rejectedIdentifier: 'The CA does not issue for this name: remove it with certonly, or use another CA.',
    serverInternal: 'An error at the CA; the next run tries again.',
    tls: 'The CA met a TLS error at the name: check what answers there.',
    unauthorized:
      'The CA does not let this account do that: check that the account is open and may order these names.',
    unsupportedContact: 'The CA wants an e-mail address of another kind, or none: see --email.',
    unsupportedIdentifier: 'The CA does not issue for this kind of name: remove it, or use another CA.',
    userActionRequired:
      'The CA wants you to do something first, mostly to agree to new terms: see its words above.',
  }),
);

/** What to do about a type of problem; undefined for one that no RFC knows. */
export function hintOfType(type: string): string | undefined {
  return HINTS.get(type);
}

export function hintFor(problem: Problem): string {
  if (problem.type === 'userActionRequired' && problem.instance !== undefined)
    return `Visit ${problem.instance} and do what the CA asks there, mostly to agree to new terms; then run the same again.`;
  return `${generalHint(problem)}${waitFor(problem)}`;
}

function generalHint({ type, status }: Problem): string {
  const known = HINTS.get(type);
  if (known !== undefined) return known;
  return status >= 500
    ? 'An error at the CA; the next run tries again.'
    : 'Check that --server is the directory of an ACME CA; if it is, see what it says above.';
}

function waitFor({ retryAfterMs }: Problem): string {
  return retryAfterMs === undefined ? '' : ` (Retry-After: ${Math.ceil(retryAfterMs / 1000)} s)`;
}

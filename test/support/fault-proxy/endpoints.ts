import type { Endpoint } from '../acme-server/faults.ts';
import { findRoute } from '../acme-server/router.ts';

/** Pebble's paths by their first part. */
const PEBBLE: Readonly<Record<string, Endpoint>> = {
  dir: 'directory',
  'nonce-plz': 'newNonce',
  'sign-me-up': 'newAccount',
  'my-account': 'account',
  'list-orderz': 'accountOrders',
  'order-plz': 'newOrder',
  'my-order': 'order',
  'finalize-order': 'finalize',
  authZ: 'authz',
  chalZ: 'challenge',
  certZ: 'certificate',
  'draft-ietf-acme-ari-03': 'renewalInfo',
};

/** What a request asks for, of Pebble or of our own CA. */
export function endpointOf(path: string): Endpoint {
  const [, first = ''] = path.split('/');
  return PEBBLE[first] ?? findRoute(path)?.route.endpoint ?? 'unknown';
}

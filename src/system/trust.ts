import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { EvercertError } from '../errors.ts';
import type { Environment } from './proxy.ts';

/**
 * These roots beside those that Node trusts by itself: its own, and the file of NODE_EXTRA_CA_CERTS, which Node no longer
 * heeds once it is given others.
 */
export function rootsBeside(ca: string, environment: Environment): string[] {
  return [...rootCertificates, ...extraRoots(environment), ca];
}

/**
 * Trust in them. To be made once: reading them all takes some 20 ms.
 *
 * @throws EvercertError bad-settings
 */
export function trustBeside(ca: string, environment: Environment): SecureContext {
  try {
    return createSecureContext({ ca: rootsBeside(ca, environment) });
  } catch (cause) {
    throw new EvercertError(
      'bad-settings',
      'the file of --ca-bundle (or NODE_EXTRA_CA_CERTS) cannot be read as PEM certificates',
      'Give a file of PEM certificates: openssl x509 -in FILE -noout -text shows the first.',
      cause,
    );
  }
}

/** As Node does, one that cannot be read counts for nothing (Node itself warns of it). */
function extraRoots({ NODE_EXTRA_CA_CERTS: path }: Environment): string[] {
  if (path === undefined || path === '') return [];
  try {
    return [readFileSync(path, 'utf8')];
  } catch {
    return [];
  }
}

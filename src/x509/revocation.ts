import { EvercertError } from '../errors.ts';

const REASONS = {
  0: 'unspecified',
  1: 'keyCompromise',
  2: 'cACompromise',
  3: 'affiliationChanged',
  4: 'superseded',
  5: 'cessationOfOperation',
  6: 'certificateHold',
  8: 'removeFromCRL',
  9: 'privilegeWithdrawn',
  10: 'aACompromise',
} as const;

/** CRLReason (RFC 5280 section 5.3.1). */
export type RevocationReason = (typeof REASONS)[keyof typeof REASONS];

export function reasonOf(code: number): RevocationReason {
  return (REASONS as Record<number, RevocationReason>)[code] ?? 'unspecified';
}

export function revocationUnknown(why: string, cause?: unknown): EvercertError {
  return new EvercertError(
    'revocation-unknown',
    `cannot tell whether the certificate is revoked: ${why}`,
    'The next run asks again. If this repeats, check what stands between this machine and the CA, or tell the CA.',
    cause,
  );
}

/** What a decoder throws is the fault of what it decodes. */
export function decoding<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw cause instanceof EvercertError ? cause : revocationUnknown(`${what} does not decode`, cause);
  }
}

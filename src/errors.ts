/** Every way in which a run can fail that is not a bug: code, exit status. The codes are stable; docs/errors.md explains each. */
const EXIT_STATUS = {
  usage: 2,
  'bad-name': 2,
  'bad-settings': 2,
  'bad-csr': 2,
  'credentials-missing': 2,
  'credentials-exposed': 2,
  'store-missing': 2,
  'store-access': 2,
  'store-owner': 2,
  'terms-not-agreed': 2,
  'email-missing': 2,
  'unknown-lineage': 2,
  'account-missing': 2,
  'account-damaged': 2,
  'account-deactivated': 2,
  'eab-missing': 2,
  'needs-root': 2,
  'timer-foreign': 2,
  'lock-held': 4,
  'lock-failed': 1,
  'disk-full': 1,
  'disk-failed': 1,
  'lineage-damaged': 1,
  'lineage-pinned': 1,
  'connection-failed': 1,
  'tls-failed': 1,
  'dns-failed': 1,
  'dns-provider': 1,
  'propagation-timeout': 1,
  'bad-answer': 1,
  'acme-problem': 1,
  'order-failed': 1,
  'order-timeout': 1,
  'profile-unsupported': 1,
  'challenge-unsupported': 1,
  'challenge-failed': 1,
  'caa-forbids': 1,
  'webroot-failed': 1,
  'port-in-use': 1,
  'chain-bad': 1,
  'revocation-unknown': 1,
  'hook-failed': 1,
  'timer-failed': 1,
  'not-served': 1,
  interrupted: 1,
} as const;

export type ErrorCode = keyof typeof EXIT_STATUS;

export const ERROR_CODES = Object.keys(EXIT_STATUS) as ErrorCode[];

/**
 * An expected failure.
 *
 * `message` says what is wrong, `hint` what the operator can do about it, `details` further lines (such as
 * the subproblems of an ACME error). None of them ever holds a secret.
 */
export class EvercertError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly details: readonly string[];

  constructor(
    code: ErrorCode,
    message: string,
    hint: string,
    cause?: unknown,
    details: readonly string[] = [],
  ) {
    super(message, { cause });
    this.name = 'EvercertError';
    this.code = code;
    this.hint = hint;
    this.details = details;
  }
}

/** The exit status of a run that ends with this error: 2 usage or settings, 4 locked out, 1 all else. */
export function exitStatusOf(error: EvercertError): number {
  return EXIT_STATUS[error.code];
}

/** The system's error code (ENOENT …) of a thrown value, or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Turns what was thrown into an error that can be told; what is not expected (a bug) goes on up. */
export function asEvercertError(error: unknown): EvercertError {
  if (error instanceof EvercertError) return error;
  throw error;
}

/** Tells the compiler, and a reader of a stack, that a closed union was not exhausted. */
export function unreachable(value: never): never {
  throw new TypeError(`unexpected value: ${JSON.stringify(value)}`);
}

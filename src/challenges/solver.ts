/** One http-01 challenge (RFC 8555 section 8.3). `token` is base64url, checked. */
export interface HttpChallenge {
  readonly name: string;
  readonly token: string;
  readonly keyAuthorization: string;
}

/**
 * Proves names to a CA. One solver serves all orders of a run, several at a time.
 *
 * `present` resolves when the CA could see the answer. `cleanUp` MUST be safe without present, after a present that
 * failed, and twice; it throws nothing that the operator need not know.
 */
export interface Solver {
  readonly type: 'http-01';
  present(challenge: HttpChallenge): Promise<void>;
  cleanUp(challenge: HttpChallenge): Promise<void>;
}

/** The path under which the CA asks. */
export const CHALLENGE_PATH = '/.well-known/acme-challenge/';

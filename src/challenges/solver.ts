/** RFC 8555 section 8, RFC 8737, draft-ietf-acme-dns-account-label, draft-ietf-acme-dns-persist. */
export type ChallengeType = 'http-01' | 'tls-alpn-01' | 'dns-01' | 'dns-account-01' | 'dns-persist-01';

/** One challenge of a CA's. */
export interface Challenge {
  /** A DNS name without its "*.", or an IP address; in the one form of parseIdentifier. */
  readonly name: string;
  readonly isWildcard: boolean;
  /** base64url, checked; empty for dns-persist-01, which has none. */
  readonly token: string;
  /** RFC 8555 section 8.1; empty likewise. */
  readonly keyAuthorization: string;
  /** URL of the account that asks. */
  readonly accountUrl: string;
}

/** What a CA is about to be told of. */
export interface Proof {
  readonly type: ChallengeType;
  readonly challenge: Challenge;
}

/** A challenge with what `remember` was told of it, perhaps by a run that was killed. */
export interface PresentedChallenge extends Challenge {
  readonly trace?: string | undefined;
}

/** Keeps what clean-up will need to know (a record's ID, what a hook printed), also beyond the death of this process. */
export type Remember = (challenge: Challenge, trace: string) => Promise<void>;

/** Proves names to a CA. One solver serves all orders of a lineage in a run. */
export interface Solver {
  readonly type: ChallengeType;
  /** Whether anything of it outlives this process: a file, a record. */
  readonly leavesTraces: boolean;
  /** Puts the answers of one order where the CA looks, and resolves when it could see them. */
  present(challenges: readonly Challenge[], remember: Remember): Promise<void>;
  /**
   * Takes them away again. Safe without present, after a present that failed, and twice; also runs after SIGTERM, when
   * the signal of the run is aborted already. Throws what is left behind: the next run cleans up again.
   */
  cleanUp(challenges: readonly PresentedChallenge[]): Promise<void>;
}

/** The path under which the CA asks by HTTP. */
export const CHALLENGE_PATH = '/.well-known/acme-challenge/';

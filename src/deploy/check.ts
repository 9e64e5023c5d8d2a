/** A place where the live certificate of a lineage must be served. */
export interface Check {
  readonly lineage: string;
  /** As in the settings; deploy/verify.ts reads it. */
  readonly target: string;
  /** cert.pem of the live version. */
  readonly leafPem: string;
}

export interface CheckResult {
  readonly ok: boolean;
  /** What is served instead, or why nothing is. */
  readonly outcome: string;
}

/**
 * Asks all places side by side; answers in their order. Does not reject for what it finds, nor for an interruption.
 *
 * @param patience 'wait': a server that has just been reloaded has the time that the target allows
 */
export type Verify = (checks: readonly Check[], patience: 'once' | 'wait') => Promise<readonly CheckResult[]>;

/** How one lineage is doing at the end of a run. Times are milliseconds since 1970. */
export interface LineageHealth {
  readonly lineage: string;
  readonly names: readonly string[];
  readonly notAfter?: number | undefined;
  readonly dueAt?: number | undefined;
  readonly lastSuccessAt?: number | undefined;
  /** In a row; 0 when the last attempt succeeded. */
  readonly failures: number;
  /** Why it fails now: a renewal, broken files, unusable settings. */
  readonly failure?: LineageFailure | undefined;
  /** What of the live version has not succeeded yet: deploy hooks, checks of what is served. */
  readonly deployPending: readonly string[];
  /** What the last look at the server found; undefined when nothing is looked at. */
  readonly served?: boolean | undefined;
}

export interface LineageFailure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** A person is needed before it mends itself. */
  readonly urgent: boolean;
}

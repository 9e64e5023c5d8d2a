import type { EvercertError } from './errors.ts';

export type HookKind = 'pre' | 'deploy' | 'reload' | 'post';

/** What a plan does to a lineage. */
export type Action = 'issue' | 'renew' | 'resume' | 'promote' | 'redeploy' | 'skip' | 'broken';

/** Why. Each reason belongs to one rule of renewal/decide.ts. */
export type Reason =
  | 'forced'
  | 'due'
  | 'suggested'
  | 'revoked'
  | 'expired'
  | 'names-changed'
  | 'names-left-out'
  | 'key-changed'
  | 'server-changed'
  | 'profile-changed'
  | 'never-issued'
  | 'interrupted'
  | 'published-not-live'
  | 'not-deployed'
  | 'not-due'
  | 'waiting'
  | 'deploy-waiting'
  | 'pinned'
  | 'damaged';

/** What `certificates` and a plan tell of one lineage. Times are milliseconds since 1970. */
export interface LineageSummary {
  readonly lineage: string;
  readonly names: readonly string[];
  readonly version: string | undefined;
  readonly notBefore: number | undefined;
  readonly notAfter: number | undefined;
  readonly dueAt: number | undefined;
}

/** All that a run can tell its operator. Sentences are made of it in cli/report.ts, nowhere else. */
export type Event =
  | ({
      readonly type: 'plan';
      readonly action: Action;
      readonly reason: Reason;
      readonly error?: EvercertError;
    } & LineageSummary)
  | ({
      readonly type: 'certificate';
      readonly state: CertificateState;
      readonly path: string;
      readonly error?: EvercertError;
    } & LineageSummary)
  | { readonly type: 'progress'; readonly lineage: string; readonly step: Step }
  | {
      readonly type: 'live';
      readonly lineage: string;
      readonly version: string;
      readonly path: string;
      readonly notAfter: number;
      readonly dueAt: number;
    }
  | { readonly type: 'dry-run-passed'; readonly lineage: string; readonly server: string }
  | { readonly type: 'saved'; readonly files: readonly string[] }
  | {
      readonly type: 'hook';
      readonly kind: HookKind;
      readonly lineage?: string;
      readonly name: string;
      readonly ok: boolean;
      readonly outcome: string;
      readonly output: string;
      readonly ms: number;
    }
  | {
      readonly type: 'served';
      readonly lineage: string;
      /** As `--verify` has it. */
      readonly target: string;
      readonly ok: boolean;
      readonly outcome: string;
    }
  | { readonly type: 'failed'; readonly lineage?: string; readonly error: EvercertError }
  | {
      readonly type: 'warning';
      readonly lineage?: string;
      readonly code: WarningCode;
      readonly detail: string;
    }
  | { readonly type: 'sleeping'; readonly ms: number }
  | { readonly type: 'waiting-for-lock'; readonly holder: string }
  | ({ readonly type: 'summary'; readonly dryRun: boolean } & Counts);

export interface Counts {
  readonly lineages: number;
  readonly renewed: number;
  readonly redeployed: number;
  /** Planned and not begun: under --plan, or after an interruption. */
  readonly toDo: number;
  readonly failed: number;
  readonly broken: number;
  readonly skipped: number;
}

export type CertificateState =
  | 'valid'
  | 'due'
  | 'revoked'
  | 'failing'
  | 'expired'
  | 'not-deployed'
  | 'pinned'
  | 'interrupted'
  | 'never-issued'
  | 'broken';

export type Step = 'account' | 'order' | 'resume-order' | 'challenges' | 'finalize' | 'download' | 'publish';

export type WarningCode =
  | 'misnamed-settings'
  | 'state-unreadable'
  | 'state-not-written'
  | 'chain-not-found'
  | 'no-lineages'
  | 'all-deployed'
  | 'kept';

export type Emit = (event: Event) => void;

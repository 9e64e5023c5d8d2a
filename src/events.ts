import type { EvercertError } from './errors.ts';

export type HookKind = 'pre' | 'auth' | 'cleanup' | 'deploy' | 'reload' | 'post';

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

/** Why nothing is tried now, and until when. */
export interface Waiting {
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly failure: { readonly code: string; readonly message: string; readonly count: number };
  /** It has come so far that a person is needed. */
  readonly urgent: boolean;
}

/** What `certificates` and a plan tell of one lineage. Times are milliseconds since 1970. */
export interface LineageSummary {
  readonly lineage: string;
  readonly names: readonly string[];
  readonly version: string | undefined;
  readonly notBefore: number | undefined;
  readonly notAfter: number | undefined;
  readonly dueAt: number | undefined;
}

/** Where a self-check looked. */
export interface Place {
  readonly address: string;
  readonly port: number;
  /** The URL that a redirect led to. */
  readonly redirectedTo?: string;
  /** Another address of the other family gives the right answer. */
  readonly otherFamilyIsFine?: true;
}

/** Why there is no answer at a place, as far as this machine can tell. */
export type NoAnswer = 'refused' | 'timed-out' | 'silent' | 'cut-off' | 'no-http' | 'no-tls' | 'unreachable';

/** What is wrong, seen from this machine, with what a CA is about to look at. */
export type Fault =
  | { readonly code: 'no-address' }
  | { readonly code: 'dns-unanswered'; readonly why: string }
  | ({ readonly code: 'no-answer'; readonly how: NoAnswer } & Place)
  | ({ readonly code: 'not-found' } & Place)
  | ({
      readonly code: 'wrong-answer';
      readonly status: number;
      /** How it begins, fit for a terminal. */
      readonly shown: string;
    } & Place)
  | ({ readonly code: 'redirect-loop' } & Place)
  | ({ readonly code: 'too-many-redirects' } & Place)
  | ({
      readonly code: 'bad-redirect';
      readonly target: string;
      readonly why: 'port' | 'scheme' | 'no-url' | 'no-address';
    } & Place)
  /** tls-alpn-01: whoever answers does not speak acme-tls/1, or shows another certificate than ours. */
  | ({ readonly code: 'alpn-refused' } & Place)
  | ({ readonly code: 'alpn-wrong-certificate' } & Place)
  | ({
      readonly code: 'caa-forbids';
      /** The CAs that are allowed; none: nobody is. */
      readonly allowed: readonly string[];
      /** What this CA calls itself in CAA records. */
      readonly identities: readonly string[];
    } & CaaPlace)
  | ({ readonly code: 'caa-account'; readonly accounts: readonly string[] } & CaaPlace)
  | ({ readonly code: 'caa-method'; readonly methods: readonly string[]; readonly type: string } & CaaPlace)
  | ({ readonly code: 'caa-unknown'; readonly unknown: string } & CaaPlace);

/** CAA records (RFC 8659). */
export interface CaaPlace {
  /** The name that has them: the one to be proven, or one above it. */
  readonly owner: string;
  readonly tag: 'issue' | 'issuewild';
  /** All name servers of the zone that answered say so. */
  readonly isCertain: boolean;
}

/** A fault, and the names that have it. */
export type Finding = Fault & { readonly names: readonly string[] };

/** What is presented for a name, as the CA will look for it. */
export interface Shown {
  readonly name: string;
  readonly type: string;
  /** A URL, the name of a TXT record, or the server name of a TLS handshake. */
  readonly where: string;
  readonly content: string;
}

/** All that a run can tell its operator. Sentences are made of it in cli/report.ts, nowhere else. */
export type Event =
  | ({
      readonly type: 'plan';
      readonly action: Action;
      readonly reason: Reason;
      readonly error?: EvercertError;
      readonly waiting?: Waiting;
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
  | {
      readonly type: 'account';
      readonly server: string;
      readonly url: string;
      readonly email: string | undefined;
      /** RFC 7638 */
      readonly thumbprint: string;
    }
  | { readonly type: 'dns-record'; readonly name: string; readonly value: string }
  | { readonly type: 'thumbprint'; readonly server: string; readonly thumbprint: string }
  | {
      readonly type: 'reconfigured';
      readonly lineage: string;
      /** Keys of the settings; none: they were as asked already. */
      readonly changed: readonly string[];
      /** Why the next renew orders a certificate, or waits. */
      readonly reason?: Reason;
      readonly waiting?: Waiting;
    }
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
  | {
      readonly type: 'failed';
      readonly lineage?: string;
      readonly error: EvercertError;
      /** The end is far: nobody need do anything yet. When the next attempt is made. */
      readonly deferredUntil?: number;
      /** What the self-check had found of it. */
      readonly findings?: readonly Finding[];
    }
  | { readonly type: 'self-check'; readonly lineage: string; readonly finding: Finding }
  | { readonly type: 'presented'; readonly lineage: string; readonly shown: readonly Shown[] }
  | {
      readonly type: 'next-server';
      readonly lineage: string;
      readonly server: string;
      /** Why not the one before it. */
      readonly error: EvercertError;
    }
  | {
      readonly type: 'lookup-failed';
      readonly lineage: string;
      readonly about: 'renewal-info' | 'revocation';
      readonly error: EvercertError;
    }
  | {
      readonly type: 'warning';
      readonly lineage?: string;
      readonly code: WarningCode;
      readonly detail: string;
    }
  | {
      readonly type: 'timer-file';
      readonly done: 'written' | 'unchanged' | 'removed' | 'printed';
      readonly path: string;
      /** Of a file that is written or printed. */
      readonly text?: string;
    }
  | { readonly type: 'ran'; readonly command: string }
  | TimerState
  | { readonly type: 'sleeping'; readonly ms: number }
  | { readonly type: 'waiting-for-lock'; readonly holder: string }
  | ({ readonly type: 'summary'; readonly dryRun: boolean } & Counts);

/** What runs `renew` every hour. Times are milliseconds since 1970, undefined where nobody knows. */
export interface TimerState {
  readonly type: 'timer';
  readonly scheduler: 'systemd' | 'cron';
  readonly path: string;
  readonly active: boolean;
  readonly lastRunAt: number | undefined;
  readonly nextRunAt: number | undefined;
  /** systemd's word for how the last run ended. */
  readonly result: string | undefined;
  readonly exitStatus: number | undefined;
}

export interface Counts {
  readonly lineages: number;
  readonly renewed: number;
  readonly redeployed: number;
  /** Planned and not begun: under --plan, or after an interruption. */
  readonly toDo: number;
  readonly failed: number;
  /** Failed, or waiting after a failure, far from the end. */
  readonly deferred: number;
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

export type Step = 'order' | 'resume-order' | 'challenges' | 'finalize' | 'download' | 'publish';

export type WarningCode =
  | 'misnamed-settings'
  | 'state-unreadable'
  | 'state-not-written'
  | 'chain-not-found'
  | 'profile-missing'
  | 'replaces-refused'
  | 'account-remade'
  | 'names-left-out'
  | 'renewal-explained'
  | 'fallback-unready'
  | 'notice-not-sent'
  | 'notices-forgotten'
  | 'metrics-not-written'
  | 'no-lineages'
  | 'no-timer'
  | 'foreign-timer'
  | 'two-timers'
  | 'certbot-timer'
  | 'timer-not-enabled'
  | 'program-in-cache'
  | 'all-deployed'
  | 'not-saved'
  | 'cleanup-failed'
  | 'cleanup-given-up'
  | 'propagation-unchecked'
  | 'credentials-of-this-shell'
  | 'kept';

export type Emit = (event: Event) => void;

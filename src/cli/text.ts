import type { EvercertError } from '../errors.ts';
import type {
  Action,
  CertificateState,
  Counts,
  Event,
  Finding,
  LineageSummary,
  Reason,
  Step,
  TimerState,
  Waiting,
} from '../events.ts';
import { findingText } from './self-check-text.ts';

// The law of what people read: no capital at the beginning, no full stop at the end; first what is so, then what to
// do about it. Times are UTC.

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function moment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** How long from now, as people say it: '89 days', '5 hours'. */
export function span(ms: number): string {
  const size = Math.abs(ms);
  const [count, unit] =
    size >= 2 * DAY_MS
      ? [Math.floor(size / DAY_MS), 'day']
      : size >= 2 * HOUR_MS
        ? [Math.floor(size / HOUR_MS), 'hour']
        : [Math.ceil(size / 60_000), 'minute'];
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

const REASONS: Record<Reason, string> = {
  forced: 'as asked',
  due: 'due',
  suggested: 'the CA suggests this time',
  revoked: 'the CA revoked it',
  expired: 'expired',
  'names-changed': 'its names in the settings changed',
  'names-left-out': 'names that could not be validated are missing in it',
  'key-changed': 'its key type in the settings changed',
  'server-changed': 'its CA in the settings changed',
  'profile-changed': 'its profile in the settings changed',
  'never-issued': 'not issued yet',
  interrupted: 'an earlier run did not finish',
  'published-not-live': 'an earlier run ended before the swap',
  'not-deployed': 'a hook has not succeeded yet',
  'not-due': 'not due',
  waiting: 'waiting after a failure',
  'deploy-waiting': 'waiting to deploy again',
  pinned: 'live was moved by hand',
  damaged: 'broken',
};

const ACTIONS: Record<Action, string> = {
  issue: 'ordering',
  renew: 'renewing',
  resume: 'going on with the order',
  promote: 'going live with what is there',
  redeploy: 'deploying again',
  skip: 'unchanged',
  broken: 'broken',
};

export function planText(
  event: LineageSummary & { action: Action; reason: Reason; error?: EvercertError; waiting?: Waiting },
  now: number,
): string {
  const { lineage, action, reason, notAfter, dueAt } = event;
  if (event.error !== undefined) return `${lineage}: ${failureText(event.error)}`;
  if (action !== 'skip')
    return `${lineage}: ${ACTIONS[action]}: ${REASONS[reason]}${reason === 'due' && notAfter !== undefined ? `, ends ${moment(notAfter)}` : ''}`;
  if (reason === 'pinned')
    return `${lineage}: live was moved by hand to version ${event.version}: left alone until renew --cert-name ${lineage} --force-renewal`;
  if (event.waiting !== undefined) return `${lineage}: ${waitingText(reason, event.waiting)}`;
  if (notAfter === undefined || dueAt === undefined) return `${lineage}: ${REASONS[reason]}`;
  return `${lineage}: ${REASONS[reason]}: valid until ${day(notAfter)} (${span(notAfter - now)}), renewal from ${day(dueAt)}`;
}

function waitingText(reason: Reason, { until, failure: { count, message } }: Waiting): string {
  const failures = `${count} failure${count === 1 ? '' : 's'}`;
  const what = reason === 'deploy-waiting' ? REASONS[reason] : 'waiting';
  return `${what} until ${moment(until)} after ${failures}, the last one: ${message}`;
}

export function reconfiguredText(event: Event & { type: 'reconfigured' }): string {
  const { lineage, changed, reason, waiting } = event;
  const saved =
    changed.length === 0 ? 'nothing changed: its settings are so already' : `saved: ${changed.join(', ')}`;
  if (reason === undefined) return `${lineage}: ${saved}`;
  const next =
    waiting === undefined
      ? `the next renew orders a certificate: ${REASONS[reason]}`
      : `${waitingText(reason, waiting)} (renew --cert-name ${lineage} --retry-now does not wait)`;
  return `${lineage}: ${saved}; ${next}`;
}

/** @param isNews what the self-check found was not told before */
export function failedText(
  { lineage, error, deferredUntil, findings = [] }: Event & { type: 'failed' },
  isNews: boolean,
): string {
  const told = failureText(error, isNews ? findings.map(findingText) : pointer(findings));
  if (lineage === undefined) return `error: ${told}`;
  if (deferredUntil === undefined) return `${lineage}: failed: ${told}`;
  return `${lineage}: deferred, next attempt from ${moment(deferredUntil)}: ${told}`;
}

function pointer(findings: readonly Finding[]): string[] {
  return findings.length === 0 ? [] : ['what the self-check had found is above'];
}

export function nextServerText({ lineage, server, error }: Event & { type: 'next-server' }): string {
  return `${lineage}: ${error.message}; asking the next CA, ${new URL(server).host}`;
}

export function lookupText({ lineage, about, error }: Event & { type: 'lookup-failed' }): string {
  const what = about === 'revocation' ? 'whether it is revoked' : 'the suggested renewal time';
  return `${lineage}: ${what} could not be asked for: ${error.message}`;
}

/** @param more further details */
export function failureText({ message, details, hint }: EvercertError, more: readonly string[] = []): string {
  return [message, ...[...details, ...more].map((detail) => `    ${detail}`), `    hint: ${hint}`].join('\n');
}

const STATES: Record<CertificateState, string> = {
  valid: 'valid',
  due: 'due',
  expired: 'EXPIRED',
  revoked: 'REVOKED',
  failing: 'renewal fails',
  'not-deployed': 'not deployed',
  pinned: 'pinned',
  interrupted: 'interrupted',
  'never-issued': 'never issued',
  broken: 'BROKEN',
};

export function certificateText(
  event: LineageSummary & { state: CertificateState; error?: EvercertError },
  now: number,
): string {
  const { lineage, names, notAfter, state, error } = event;
  const left =
    notAfter === undefined
      ? '-'
      : notAfter > now
        ? span(notAfter - now)
        : `ended ${span(now - notAfter)} ago`;
  const line = [lineage, names.join(',') || '-', left, STATES[state]].join('  ');
  return error === undefined ? line : `${line}: ${failureText(error)}`;
}

const STEPS: Record<Step, string> = {
  order: 'placing the order',
  'resume-order': 'looking for the earlier order',
  challenges: 'proving the names',
  finalize: 'requesting the certificate',
  download: 'downloading the certificate',
  publish: 'checking and storing it',
};

export function stepText(step: Step): string {
  return STEPS[step];
}

export function timerFileText({ done, path, text }: Event & { type: 'timer-file' }): string {
  if (done === 'printed') return `# ${path}\n${text?.trimEnd()}`;
  const lines = text === undefined ? [] : text.trimEnd().split('\n');
  return [`${done} ${path}`, ...lines.map((line) => `    ${line}`.trimEnd())].join('\n');
}

export function timerText({ scheduler, path, active, ...run }: TimerState): string {
  const last =
    run.lastRunAt === undefined ? undefined : `last run ${moment(run.lastRunAt)}${resultText(run)}`;
  const next = run.nextRunAt === undefined ? undefined : `next run ${moment(run.nextRunAt)}`;
  const state = active
    ? undefined
    : `NOT ACTIVE (systemctl enable --now ${path.replace(/^.*\//, '')} starts it)`;
  const told = [state, last, next].filter((part) => part !== undefined);
  return `${scheduler}: ${path}${told.length === 0 ? '' : `: ${told.join(', ')}`}`;
}

function resultText({ result, exitStatus }: Pick<TimerState, 'result' | 'exitStatus'>): string {
  if (result === undefined || result === 'success') return exitStatus === 3 ? ' (deferred)' : '';
  return ` (failed: ${result}${exitStatus === undefined ? '' : `, exit ${exitStatus}`})`;
}

export function summaryText(counts: Counts & { dryRun: boolean }): string {
  const parts = [
    [counts.renewed, counts.dryRun ? 'passed' : 'renewed'],
    [counts.redeployed, 'deployed again'],
    [counts.toDo, 'to be done'],
    [counts.failed, 'failed'],
    [counts.deferred, 'deferred'],
    [counts.broken, 'broken'],
    [counts.skipped, 'unchanged'],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return `${counts.lineages} certificate${counts.lineages === 1 ? '' : 's'}${told.length === 0 ? '' : `: ${told.join(', ')}`}${counts.dryRun ? ' (dry run: nothing was kept)' : ''}`;
}

export function accountText({ server, url, email, thumbprint }: Event & { type: 'account' }): string {
  return [
    `account at ${server}`,
    `    URL         ${url}`,
    `    e-mail      ${email ?? 'none known'}`,
    `    thumbprint  ${thumbprint}`,
  ].join('\n');
}

export function liveText(event: Event & { type: 'live' }): string {
  return `${event.lineage}: version ${event.version} is live in ${event.path}: valid until ${day(event.notAfter)}, renewal from ${day(event.dueAt)}`;
}

export function servedText({ lineage, target, ok, outcome }: Event & { type: 'served' }): string {
  return `${lineage}: ${ok ? 'served' : 'not served'} by ${target}${ok ? '' : `: ${outcome}`}`;
}

/** A hook's own words, indented; without what could drive a terminal. */
export function hookText(event: Event & { type: 'hook' }): string {
  const about = event.lineage === undefined ? '' : `${event.lineage}: `;
  const [firstLine = '', ...more] = event.name.split('\n');
  const name = `${firstLine}${more.length > 0 ? ' …' : ''}`;
  const head = `${about}${event.kind} hook ${name}: ${event.ok ? 'done' : event.outcome} (${(event.ms / 1000).toFixed(1)} s)`;
  const output = event.output
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .trimEnd();
  return output === '' ? head : [head, ...output.split('\n').map((line) => `    | ${line}`)].join('\n');
}

/** As a zone file has it: strings of at most 255 characters (RFC 1035 section 3.3.14). */
export function dnsRecordText({ name, value }: Event & { type: 'dns-record' }): string {
  const strings = value.match(/.{1,255}/gs) ?? [];
  return `${name}. IN TXT ${strings.map((string) => `"${string.replace(/["\\]/g, '\\$&')}"`).join(' ')}`;
}

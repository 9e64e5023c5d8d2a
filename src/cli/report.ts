import { EvercertError, unreachable } from '../errors.ts';
import type { Event, WarningCode } from '../events.ts';
import type { Voice } from './command.ts';
import { presentedText, selfCheckText } from './self-check-text.ts';
import {
  accountText,
  certificateText,
  dnsRecordText,
  failedText,
  hookText,
  liveText,
  lookupText,
  nextServerText,
  planText,
  reconfiguredText,
  servedText,
  span,
  stepText,
  summaryText,
  timerFileText,
  timerText,
} from './text.ts';
import { warningText } from './warning-text.ts';

/** Where text goes. */
export interface Console {
  out(text: string): void;
  err(text: string): void;
  /** A line on the terminal that the next one overwrites; does nothing when nobody looks on. */
  status(text: string): void;
}

/** Events -> text for people, or a JSON object a line. */
export function createReport(voice: Voice, console: Console, now: () => number): (event: Event) => void {
  return (event) => {
    if (voice.quiet && !needsPerson(event)) return;
    if (voice.json) return console.out(`${JSON.stringify(jsonOf(event))}\n`);
    const line = lineOf(event, voice, now());
    if (line !== undefined) console[line.to](line.to === 'status' ? line.text : `${line.text}\n`);
  };
}

/** Warnings that ask for nothing. */
const NOTES: ReadonlySet<string> = new Set<WarningCode>([
  'no-lineages',
  'kept',
  'all-deployed',
  'certbot-timer',
  'replaces-refused',
  'renewal-explained',
]);

function needsPerson(event: Event): boolean {
  switch (event.type) {
    case 'failed':
      return event.deferredUntil === undefined;
    case 'plan':
      return event.error !== undefined || event.waiting?.urgent === true;
    case 'certificate':
      return event.state !== 'valid' && event.state !== 'due';
    case 'hook':
    case 'served':
      return !event.ok;
    case 'timer':
      return !event.active;
    case 'timer-file':
      return event.done === 'printed';
    case 'thumbprint':
    case 'dns-record':
      return true;
    case 'warning':
      return !NOTES.has(event.code);
    default:
      return false;
  }
}

interface Line {
  readonly to: keyof Console;
  readonly text: string;
}

/** What people are told of an event, and where; undefined for nothing. */
function lineOf(event: Event, { verbose, quiet }: Voice, now: number): Line | undefined {
  switch (event.type) {
    case 'plan':
      return { to: needsPerson(event) ? 'err' : 'out', text: planText(event, now) };
    case 'certificate':
      return out(certificateText(event, now));
    case 'progress':
      return { to: verbose ? 'out' : 'status', text: `${event.lineage}: ${stepText(event.step)}` };
    case 'live':
      return out(liveText(event));
    case 'self-check':
      return err(selfCheckText(event));
    case 'presented':
      return out(presentedText(event));
    case 'dry-run-passed':
      return out(`${event.lineage}: the dry run passed at ${event.server}`);
    case 'account':
      return out(accountText(event));
    case 'thumbprint':
      return out(event.thumbprint);
    case 'dns-record':
      return out(dnsRecordText(event));
    case 'reconfigured':
      return out(reconfiguredText(event));
    case 'saved':
      return out(event.files.map((file) => `saved ${file}`).join('\n'));
    case 'hook':
      return { to: event.ok ? 'out' : 'err', text: hookText(event) };
    case 'served':
      return { to: event.ok ? 'out' : 'err', text: servedText(event) };
    case 'failed':
      return err(failedText(event, quiet));
    case 'next-server':
      return out(nextServerText(event));
    case 'lookup-failed':
      return verbose ? out(lookupText(event)) : undefined;
    case 'warning':
      return {
        to: NOTES.has(event.code) ? 'out' : 'err',
        text: warningText(event),
      };
    case 'timer-file':
      return out(timerFileText(event));
    case 'ran':
      return out(`ran ${event.command}`);
    case 'timer':
      return { to: event.active ? 'out' : 'err', text: timerText(event) };
    case 'sleeping':
      return out(`waiting ${span(event.ms)} before the first order, so that not all come at once`);
    case 'waiting-for-lock':
      return out(`waiting for another run${event.holder === '' ? '' : `: ${event.holder}`}`);
    case 'summary':
      return out(summaryText(event));
    default:
      return unreachable(event);
  }
}

function out(text: string): Line {
  return { to: 'out', text };
}

function err(text: string): Line {
  return { to: 'err', text };
}

const TIMES = new Set(['notBefore', 'notAfter', 'dueAt', 'until', 'deferredUntil', 'lastRunAt', 'nextRunAt']);

/** An event as it goes on a line: times in ISO 8601, errors as {code, message, hint, details}. */
export function jsonOf({ type, ...rest }: Event): Record<string, unknown> {
  return { event: type, ...fieldsOf(rest) };
}

function fieldsOf(values: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, fieldOf(key, value)]));
}

function fieldOf(key: string, value: unknown): unknown {
  if (value instanceof EvercertError) {
    const { code, message, hint, details } = value;
    return { code, message, hint, details };
  }
  if (TIMES.has(key) && typeof value === 'number') return new Date(value).toISOString();
  return key === 'waiting' ? fieldsOf(value as object) : value;
}

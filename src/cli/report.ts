import { EvercertError, unreachable } from '../errors.ts';
import type { Event } from '../events.ts';
import type { Voice } from './parse.ts';
import {
  certificateText,
  failureText,
  hookText,
  liveText,
  planText,
  span,
  stepText,
  summaryText,
  warningText,
} from './text.ts';

/** Where text goes. */
export interface Console {
  out(text: string): void;
  err(text: string): void;
  /** A line on the terminal that the next one overwrites; undefined when nobody looks on. */
  readonly status: ((text: string) => void) | undefined;
}

/** Events -> text for people, or a JSON object a line. */
export function createReport(voice: Voice, console: Console, now: () => number): (event: Event) => void {
  if (voice.json)
    return (event) =>
      voice.quiet && !needsPerson(event) ? undefined : console.out(`${JSON.stringify(jsonOf(event))}\n`);
  return (event) => {
    if (voice.quiet && !needsPerson(event)) return;
    tell(event, voice, console, now());
  };
}

function needsPerson(event: Event): boolean {
  switch (event.type) {
    case 'failed':
      return true;
    case 'plan':
      return event.error !== undefined || event.reason === 'pinned';
    case 'certificate':
      return event.state !== 'valid' && event.state !== 'due';
    case 'hook':
      return !event.ok;
    case 'warning':
      return event.code === 'chain-not-found' || event.code === 'state-unreadable';
    default:
      return false;
  }
}

function tell(event: Event, { verbose }: Voice, { out, err, status }: Console, now: number): void {
  switch (event.type) {
    case 'plan':
      return (event.error === undefined ? out : err)(`${planText(event, now)}\n`);
    case 'certificate':
      return out(`${certificateText(event, now)}\n`);
    case 'progress':
      if (verbose) return out(`${event.lineage}: ${stepText(event.step)}\n`);
      return status?.(`${event.lineage}: ${stepText(event.step)} …`);
    case 'live':
      return out(`${liveText(event)}\n`);
    case 'dry-run-passed':
      return out(`${event.lineage}: the dry run passed at ${event.server}\n`);
    case 'saved':
      return out(event.files.map((file) => `saved ${file}\n`).join(''));
    case 'hook':
      if (!event.ok) return err(`${hookText(event)}\n`);
      return verbose || event.output.trim() !== '' ? out(`${hookText(event)}\n`) : undefined;
    case 'failed':
      return err(
        `${event.lineage === undefined ? 'error' : `${event.lineage}: failed`}: ${failureText(event.error)}\n`,
      );
    case 'warning':
      return (event.code === 'no-lineages' || event.code === 'kept' ? out : err)(`${warningText(event)}\n`);
    case 'sleeping':
      return out(`waiting ${span(event.ms)} before the first order, so that not all come at once\n`);
    case 'waiting-for-lock':
      return out(`waiting for another run${event.holder === '' ? '' : `: ${event.holder}`}\n`);
    case 'summary':
      return out(`${summaryText(event)}\n`);
    default:
      return unreachable(event);
  }
}

const TIMES = new Set(['notBefore', 'notAfter', 'dueAt']);

/** An event as it goes on a line: times in ISO 8601, errors as {code, message, hint, details}. */
export function jsonOf({ type, ...rest }: Event): Record<string, unknown> {
  const fields = Object.entries(rest).map(([key, value]) => {
    if (value instanceof EvercertError) {
      const { code, message, hint, details } = value;
      return [key, { code, message, hint, details }];
    }
    return [key, TIMES.has(key) && typeof value === 'number' ? new Date(value).toISOString() : value];
  });
  return { event: type, ...Object.fromEntries(fields) };
}

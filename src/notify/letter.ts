import type { Notice } from '../health/causes.ts';

/** What people read; no control characters but line feeds in `text`. */
export interface Letter {
  readonly title: string;
  readonly text: string;
  readonly urgent: boolean;
}

/** The JSON of webhooks and commands. */
export interface Payload {
  readonly source: 'evercert';
  readonly host: string;
  readonly notices: readonly Record<string, unknown>[];
}

const MAX_TITLE = 180;
const MAX_REASON = 500;

/** One letter for all notices (at least one) of a run. */
export function letterOf(notices: readonly Notice[], host: string): Letter {
  const [first = '', ...others] = notices.map(headline);
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return {
    title: `evercert on ${host}: ${clip(first, MAX_TITLE)}${more}`,
    text: `${notices.map(section).join('\n\n')}\n`,
    urgent: notices.some(({ kind }) => kind !== 'recovered' && kind !== 'test'),
  };
}

export function payloadOf(notices: readonly Notice[], host: string): Payload {
  return { source: 'evercert', host, notices: notices.map(plain) };
}

function plain(notice: Notice): Record<string, unknown> {
  const { kind, code, lineages, more, hint, notAfter } = notice;
  const end = notAfter === undefined ? {} : { notAfter: new Date(notAfter).toISOString() };
  const message = [headline(notice), ...notice.reasons.map(cleanReason)].join(': ');
  const hints = hint === undefined ? {} : { hint: cleanReason(hint) };
  return { kind, code: clean(code), lineages, more, message, ...hints, ...end };
}

function section(notice: Notice): string {
  const { kind, lineages, more, reasons, hint, notAfter } = notice;
  const lines = [headline(notice), ...reasons.map((reason) => `  ${cleanReason(reason)}`)];
  if (hint !== undefined) lines.push(`  hint: ${cleanReason(hint)}`);
  if (lineages.length > 1) lines.push(...lineages.map((lineage) => `  - ${clean(lineage)}`));
  if (more > 0) lines.push(`  - and ${more} more`);
  if (notAfter !== undefined && kind !== 'expiry') lines.push(`  ${endText(notice, notAfter)}`);
  return lines.join('\n');
}

function headline(notice: Notice): string {
  const { kind, code, lineages, more } = notice;
  const many = lineages.length + more > 1;
  const who = many ? `${lineages.length + more} certificates` : clean(lineages[0] ?? '');
  switch (kind) {
    case 'failed':
      return `${who} cannot be renewed (${clean(code)})`;
    case 'not-deployed':
      return `${who} ${many ? 'are' : 'is'} renewed but ${code === 'not-served' ? 'not served' : 'not deployed'}`;
    case 'expiry':
      return expiryText(notice, who, many);
    case 'recovered':
      return `${who} ${many ? 'are' : 'is'} in order again`;
    case 'test':
      return 'this is a test: notices arrive';
  }
}

function expiryText({ code, notAfter }: Notice, who: string, many: boolean): string {
  const end = notAfter === undefined ? '' : ` ${many ? 'from' : 'on'} ${moment(notAfter)}`;
  return code === 'expired' ? `${who} ${many ? 'have' : 'has'} expired` : `${who} will expire${end}`;
}

function endText({ lineages }: Notice, notAfter: number): string {
  return `valid until ${moment(notAfter)}${lineages.length > 1 ? ' (the first to end)' : ''}`;
}

function moment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function cleanReason(reason: string): string {
  return clip(clean(reason), MAX_REASON);
}

/** One line, without what steers terminals or turns text around. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+/gu, ' ').trim();
}

function clip(text: string, length: number): string {
  const letters = [...text];
  return letters.length <= length ? text : `${letters.slice(0, length).join('')} …`;
}

import { createHash } from 'node:crypto';
import type { Letter } from './letter.ts';

/** Who writes to whom: addresses as target.ts lets them through. */
export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
}

/**
 * A message of RFC 5322 with line feeds as line ends, which both sendmail and our SMTP client expect. Nothing of the
 * letter can become a header: the title is one line.
 *
 * @param now milliseconds since 1970
 */
export function composeMail({ from, to }: Envelope, letter: Letter, host: string, now: number): string {
  const { encoding, body } = encodeBody(letter.text);
  const id = createHash('sha256').update(`${host}\n${now}\n${letter.text}`).digest('hex').slice(0, 32);
  const headers = [
    `From: ${from}`,
    `To: ${to.join(',\n ')}`,
    `Subject: ${encodeHeader(letter.title)}`,
    `Date: ${new Date(now).toUTCString().replace('GMT', '+0000')}`,
    `Message-ID: <${id}@${mailHost(host)}>`,
    'Auto-Submitted: auto-generated',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Transfer-Encoding: ${encoding}`,
  ];
  return `${headers.join('\n')}\n\n${body}`;
}

/** The address of a machine that was given none. */
export function defaultSender(host: string): string {
  return `evercert@${mailHost(host)}`;
}

function mailHost(host: string): string {
  return /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host) ? host : 'localhost';
}

/** RFC 2047; a word of 45 bytes becomes one of 72 letters. */
function encodeHeader(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ');
  if (/^[ -~]*$/.test(line) && !line.includes('=?')) return line;
  const words: string[] = [];
  let word = '';
  for (const letter of line) {
    if (Buffer.byteLength(word + letter) > 45) {
      words.push(word);
      word = '';
    }
    word += letter;
  }
  return [...words, word].map((each) => `=?UTF-8?B?${Buffer.from(each).toString('base64')}?=`).join('\n ');
}

/** Plain where it can be, so that the simplest mail reader shows it (RFC 5322 section 2.1.1: 998 letters a line). */
function encodeBody(text: string): { encoding: '7bit' | 'base64'; body: string } {
  if (/^[\n -~]*$/.test(text) && text.split('\n').every((line) => line.length <= 998))
    return { encoding: '7bit', body: text };
  const lines =
    Buffer.from(text)
      .toString('base64')
      .match(/.{1,76}/g) ?? [];
  return { encoding: 'base64', body: `${lines.join('\n')}\n` };
}

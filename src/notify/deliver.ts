import { EvercertError } from '../errors.ts';
import type { Notice } from '../health/causes.ts';
import type { DiskReader } from '../system/disk.ts';
import type { HttpRequest, SendHttp } from '../system/http.ts';
import type { RunShell } from '../system/process.ts';
import type { SendSmtp } from '../system/smtp.ts';
import { type Letter, letterOf, payloadOf } from './letter.ts';
import { composeMail, defaultSender, type Envelope } from './mail.ts';
import { ntfyRequest, slackRequest, webhookRequest } from './post.ts';
import { isLoopback, type SmtpTarget, type Target } from './target.ts';

export interface DeliveryEdges {
  readonly disk: Pick<DiskReader, 'readText' | 'fileMode'>;
  readonly http: () => Promise<{ send: SendHttp; close: () => void }>;
  readonly smtp: () => Promise<SendSmtp>;
  /** A shell that reads this from stdin. */
  readonly shellWith: (input: string) => RunShell;
  /** Of commands, without our secrets. */
  readonly commandEnvironment: Readonly<Record<string, string>>;
  /** $EVERCERT_NOTIFY_TOKEN and $EVERCERT_SMTP_PASSWORD. */
  readonly token: string | undefined;
  readonly smtpPassword: string | undefined;
  readonly userAgent: string;
  readonly signal: AbortSignal;
}

/** What is told, by whom and when (milliseconds since 1970). */
export interface Message {
  readonly notices: readonly Notice[];
  readonly host: string;
  readonly now: number;
}

const TIMEOUT_MS = 15_000;
/** The kernel takes 128 KiB for one variable. */
const MAX_VARIABLE = 16_000;

/**
 * Hands a message to one target, within 15 seconds.
 *
 * @returns mail addresses that were refused, while others were not
 * @throws EvercertError of any code, the time-out's too; its message has none of the target's secrets
 */
export async function deliver(
  target: Target,
  message: Message,
  edges: DeliveryEdges,
): Promise<readonly string[]> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await hand(target, message, { ...edges, signal: AbortSignal.any([edges.signal, timeout]) });
  } catch (error) {
    edges.signal.throwIfAborted();
    if (timeout.aborted) throw undelivered(`no answer within ${TIMEOUT_MS / 1000} s`);
    throw error;
  }
}

async function hand(target: Target, message: Message, edges: DeliveryEdges): Promise<readonly string[]> {
  const { notices, host } = message;
  const letter = letterOf(notices, host);
  const payload = payloadOf(notices, host);
  switch (target.kind) {
    case 'smtp':
      return mailBySmtp(target, letter, message, edges);
    case 'mail':
      await mailBySendmail(target, letter, message, edges);
      break;
    case 'command':
      await runCommand(target.command, `${JSON.stringify(payload)}\n`, variables(letter, message), edges);
      break;
    case 'webhook':
      await post(webhookRequest(postOf(target.url, edges), payload), edges);
      break;
    case 'ntfy':
      await post(ntfyRequest(postOf(target.url, edges), letter), edges);
      break;
    case 'slack':
      await post(slackRequest(postOf(target.url, edges), letter), edges);
  }
  return [];
}

function mailBySendmail(
  target: Target & { kind: 'mail' },
  letter: Letter,
  { host, now }: Message,
  edges: DeliveryEdges,
): Promise<void> {
  const mail = composeMail(envelopeOf(target, host), letter, host, now);
  return runCommand('exec sendmail -i -t', mail, {}, edges);
}

async function mailBySmtp(
  target: SmtpTarget,
  letter: Letter,
  { host, now }: Message,
  edges: DeliveryEdges,
): Promise<readonly string[]> {
  const { user } = target;
  const login = user === undefined ? undefined : { user, pass: passwordOf(target, edges) };
  const envelope = envelopeOf(target, host);
  const send = await edges.smtp();
  return send(
    { ...target, mustBeSecure: !isLoopback(target.host), login },
    { ...envelope, message: composeMail(envelope, letter, host, now) },
    edges.signal,
  );
}

function envelopeOf({ from, to }: Pick<SmtpTarget, 'from' | 'to'>, host: string): Envelope {
  return { from: from ?? defaultSender(host), to };
}

function passwordOf({ passwordFile }: SmtpTarget, { disk, smtpPassword }: DeliveryEdges): string {
  if (passwordFile === undefined) {
    if (smtpPassword !== undefined) return smtpPassword;
    throw undelivered('there is no password: passwordFile=FILE, or $EVERCERT_SMTP_PASSWORD');
  }
  if (((disk.fileMode(passwordFile) ?? 0) & 0o007) !== 0)
    throw undelivered(`everyone can read ${passwordFile}: chmod 600 it, and change the password`);
  const password = disk.readText(passwordFile)?.replace(/\r?\n$/, '');
  if (password !== undefined && password !== '') return password;
  throw undelivered(`there is no password in ${passwordFile}`);
}

async function runCommand(
  command: string,
  input: string,
  environment: Readonly<Record<string, string>>,
  edges: DeliveryEdges,
): Promise<void> {
  const env = { ...edges.commandEnvironment, ...environment };
  const { ok, outcome, output } = await edges.shellWith(input)(command, env, TIMEOUT_MS, edges.signal);
  if (!ok) throw undelivered([outcome, output.trim().slice(-300)].filter(Boolean).join(': '));
}

function variables({ title, text }: Letter, { notices, host }: Message): Record<string, string> {
  return {
    EVERCERT_NOTICE_TITLE: title,
    EVERCERT_NOTICE_TEXT: text.slice(0, MAX_VARIABLE),
    EVERCERT_NOTICE_KINDS: [...new Set(notices.map(({ kind }) => kind))].join(' '),
    EVERCERT_NOTICE_HOST: host,
  };
}

function postOf(url: string, { token, userAgent }: DeliveryEdges) {
  return { url, token, userAgent };
}

async function post(request: HttpRequest, { http, signal }: DeliveryEdges): Promise<void> {
  const { send, close } = await http();
  try {
    const { status } = await send(request, signal);
    if (status < 200 || status > 299) throw undelivered(`it answered with status ${status}`);
  } finally {
    close();
  }
}

function undelivered(why: string): EvercertError {
  return new EvercertError('connection-failed', why, 'Check the target of --notify (docs/monitoring.md).');
}

import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { EvercertError } from '../errors.ts';

export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte, instead of STARTTLS. */
  readonly implicitTls: boolean;
  /** Nothing is said without TLS and a certificate that is good; may only be false on loopback. */
  readonly mustBeSecure: boolean;
  readonly login: { readonly user: string; readonly pass: string } | undefined;
}

export interface SmtpMail {
  readonly from: string;
  readonly to: readonly string[];
  /** RFC 5322. */
  readonly message: string;
}

/**
 * Hands a message to a mail server.
 *
 * @returns the recipients that the server refused, while it took others
 * @throws EvercertError connection-failed; the signal's reason
 */
export type SendSmtp = (
  server: SmtpServer,
  mail: SmtpMail,
  signal: AbortSignal,
) => Promise<readonly string[]>;

const STEP_TIMEOUT_MS = 15_000;

export const sendSmtp: SendSmtp = async (server, mail, signal) => {
  signal.throwIfAborted();
  const connection = open(server);
  try {
    const refused = await Promise.race([ended(connection, signal), converse(connection, server, mail)]);
    connection.quit();
    return refused;
  } catch (error) {
    connection.close();
    signal.throwIfAborted();
    throw smtpError(server, error);
  }
};

function open({ host, port, implicitTls, mustBeSecure }: SmtpServer): SMTPConnection {
  return new SMTPConnection({
    host,
    port,
    secure: implicitTls,
    requireTLS: mustBeSecure,
    tls: { rejectUnauthorized: mustBeSecure, minVersion: 'TLSv1.2' },
    connectionTimeout: STEP_TIMEOUT_MS,
    greetingTimeout: STEP_TIMEOUT_MS,
    socketTimeout: STEP_TIMEOUT_MS,
    dnsTimeout: STEP_TIMEOUT_MS,
    maxResponseSize: 64 * 1024,
  });
}

/** Only ever rejects. */
function ended(connection: SMTPConnection, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    connection.on('error', reject);
    connection.once('end', () => reject(new TypeError('the connection was cut off')));
  });
}

async function converse(
  connection: SMTPConnection,
  { login }: SmtpServer,
  { from, to, message }: SmtpMail,
): Promise<readonly string[]> {
  await answered((done) => connection.connect(done));
  if (login !== undefined) await answered((done) => connection.login(login, done));
  return new Promise<readonly string[]>((resolve, reject) => {
    connection.send({ from, to: [...to] }, message, (error, info) =>
      error ? reject(error) : resolve(info?.rejected ?? []),
    );
  });
}

function answered(ask: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => ask((error) => (error ? reject(error) : resolve())));
}

function smtpError({ host, port }: SmtpServer, error: unknown): EvercertError {
  const why = error instanceof Error ? error.message : String(error);
  return new EvercertError(
    'connection-failed',
    `${host}:${port}: ${why.slice(0, 500)}`,
    'Check server, port, user and password of the mail server.',
    error,
  );
}

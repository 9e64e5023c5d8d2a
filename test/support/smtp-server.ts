import { createServer as createTcpServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { createSecureContext, TLSSocket } from 'node:tls';
import { listen } from './http-receiver.ts';
import type { KeyPair } from './rig/authority.ts';

export interface SmtpRules {
  /** With this, STARTTLS is offered. */
  readonly tls?: KeyPair;
  /** With this, AUTH PLAIN is demanded; it is offered under TLS only, unless `authInTheClear`. */
  readonly login?: { readonly user: string; readonly pass: string };
  readonly authInTheClear?: boolean;
  /** Refused by RCPT. */
  readonly unknown?: string;
  /** Says nothing. */
  readonly silent?: boolean;
}

export interface SmtpSession {
  readonly commands: string[];
  secure: boolean;
  message: string | undefined;
}

const OK: Readonly<Record<string, string>> = { MAIL: '250 ok', QUIT: '221 bye', RSET: '250 ok' };

/**
 * A mail server as strict as RFC 5321: lines end in CRLF, nothing is said out of turn, dots are stuffed. It keeps what
 * it was told.
 */
export async function receiveSmtp(t: TestContext, rules: SmtpRules) {
  const sessions: SmtpSession[] = [];
  const port = await listen(
    t,
    createTcpServer((socket) => {
      const session: SmtpSession = { commands: [], secure: false, message: undefined };
      sessions.push(session);
      if (rules.silent) return socket.on('error', () => undefined);
      socket.write('220 mail.example.test ESMTP\r\n');
      return talk({ socket, rules, session, authenticated: rules.login === undefined });
    }),
  );
  return { port, sessions };
}

interface Talk {
  readonly socket: Socket;
  readonly rules: SmtpRules;
  readonly session: SmtpSession;
  authenticated: boolean;
}

function talk(talking: Talk): void {
  let buffer = '';
  let data: string[] | undefined;
  const { socket, session } = talking;
  const takeLine = (line: string): void => {
    if (/[\r\n]/.test(line)) return void socket.end('554 a line ends in CR LF\r\n');
    if (data === undefined) {
      data = obey(talking, line);
    } else if (line === '.') {
      session.message = `${Buffer.from(data.join('\n'), 'latin1').toString()}\n`;
      data = undefined;
      socket.write('250 queued\r\n');
    } else data.push(line.replace(/^\./, ''));
  };
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    const lines = `${buffer}${chunk.toString('latin1')}`.split('\r\n');
    buffer = lines.pop() ?? '';
    for (const line of lines) takeLine(line);
  });
}

/** Answers a command; returns where the lines of a message go, should they come now. */
function obey(talking: Talk, line: string): string[] | undefined {
  const { socket, session } = talking;
  session.commands.push(line);
  const reply = answer(talking, line);
  socket.write(`${reply}\r\n`);
  if (reply.startsWith('220')) secure(talking);
  if (reply.startsWith('221')) socket.end();
  return reply.startsWith('354') ? [] : undefined;
}

function answer(talking: Talk, line: string): string {
  const { rules, session } = talking;
  const [verb = '', argument = ''] = line.split(' ');
  switch (verb) {
    case 'EHLO':
      return greeting(talking);
    case 'STARTTLS':
      return rules.tls && !session.secure ? '220 go on' : '503 no';
    case 'AUTH':
      talking.authenticated = mayAuthenticate(talking) && line === `AUTH PLAIN ${plain(rules)}`;
      return talking.authenticated ? '235 welcome' : '535 wrong password';
    case 'RCPT':
      return rules.unknown !== undefined && argument.includes(rules.unknown) ? '550 nobody' : '250 ok';
    case 'DATA':
      return '354 go on';
    default:
      return talking.authenticated || verb === 'QUIT' ? (OK[verb] ?? '502 what?') : '530 who are you?';
  }
}

function greeting(talking: Talk): string {
  const words = ['mail.example.test', '8BITMIME'];
  if (talking.rules.tls && !talking.session.secure) words.push('STARTTLS');
  if (mayAuthenticate(talking)) words.push('AUTH PLAIN');
  return words.map((word, index) => `250${index + 1 < words.length ? '-' : ' '}${word}`).join('\r\n');
}

function mayAuthenticate({ rules, session }: Talk): boolean {
  return rules.login !== undefined && (session.secure || rules.authInTheClear === true);
}

function plain({ login }: SmtpRules): string {
  return Buffer.from(`\0${login?.user}\0${login?.pass}`).toString('base64');
}

function secure({ socket, rules, session, authenticated }: Talk): void {
  socket.removeAllListeners('data');
  const { key = '', certificate: cert = '' } = rules.tls ?? {};
  const secured = new TLSSocket(socket, {
    isServer: true,
    secureContext: createSecureContext({ key, cert }),
  });
  session.secure = true;
  talk({ socket: secured, rules, session, authenticated });
}

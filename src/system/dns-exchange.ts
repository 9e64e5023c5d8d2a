import { connect, type Socket } from 'node:net';
import { EvercertError, systemCode } from '../errors.ts';
import { createDeadline } from './deadline.ts';

/**
 * One DNS message to one server by TCP, and its answer (RFC 7766), at most 64 KiB.
 *
 * @param server ADDRESS or ADDRESS:PORT, [ADDRESS]:PORT for IPv6; a host name instead of an address, too
 * @throws EvercertError dns-failed; the signal's reason
 */
export type SendDns = (server: string, message: Buffer, signal: AbortSignal) => Promise<Buffer>;

const TIMEOUT_MS = 10_000;
const DNS_PORT = 53;

export const sendDns: SendDns = async (server, message, signal) => {
  const { host, port } = parseServer(server);
  const deadline = createDeadline(signal);
  const silence = `no answer within ${TIMEOUT_MS / 1000} s`;
  deadline.after(TIMEOUT_MS, () => failed(server, silence, new TypeError(silence)));
  try {
    deadline.signal.throwIfAborted();
    return await converse(host, port, message, deadline.signal);
  } catch (error) {
    deadline.signal.throwIfAborted();
    throw error instanceof EvercertError ? error : failed(server, systemCode(error) ?? 'cut off', error);
  } finally {
    deadline.end();
  }
};

/** @throws EvercertError dns-failed */
export function parseServer(server: string): { host: string; port: number } {
  const match =
    /^\[([0-9a-fA-F:.%a-z]+)\](?::(\d{1,5}))?$/.exec(server) ??
    /^([A-Za-z0-9._-]+)(?::(\d{1,5}))?$/.exec(server) ??
    /^([0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*)()$/.exec(server);
  const port = Number(match?.[2] || DNS_PORT);
  if (match?.[1] !== undefined && port > 0 && port < 65_536) return { host: match[1], port };
  const shown = server.slice(0, 100).replace(/[^\x21-\x7e]+/g, '?');
  throw new EvercertError(
    'dns-failed',
    `${shown} is no address of a DNS server`,
    'Write 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53.',
  );
}

function converse(host: string, port: number, message: Buffer, signal: AbortSignal): Promise<Buffer> {
  const socket = connect({ host, port });
  const stop = () => socket.destroy(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  socket.write(Buffer.concat([length, message]));
  return readMessage(socket).finally(() => {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  });
}

/** What follows the first message is not read. */
function readMessage(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let read = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      read = Buffer.concat([read, chunk]);
      const end = read.length < 2 ? Number.POSITIVE_INFINITY : 2 + read.readUInt16BE();
      if (read.length >= end) resolve(read.subarray(2, end));
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new TypeError('the connection was cut off')));
  });
}

/** @param cause the message may have arrived all the same */
function failed(server: string, why: string, cause: unknown): EvercertError {
  return new EvercertError(
    'dns-failed',
    `the DNS server ${server} cannot be asked by TCP: ${why}`,
    'Check its address, that it runs, and that a firewall lets TCP port 53 through.',
    cause,
  );
}

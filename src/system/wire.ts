import type { Socket } from 'node:net';
import { EvercertError } from '../errors.ts';

/** A conversation before TLS, read in small bounded pieces. */
export interface Wire {
  /** One line without its end. */
  line(): Promise<string>;
  /** Exactly so many bytes. */
  bytes(count: number): Promise<Buffer>;
  write(bytes: string | Buffer): void;
  /** Nothing more has been said: what follows is TLS. @throws EvercertError not-served */
  expectQuiet(): void;
}

const MAX_LINE = 2048;
/** All that a server may say before TLS begins. */
const MAX_TALK = 64 * 1024;

/** The signal must destroy the socket. */
export function createWire(socket: Socket): Wire {
  let buffered = Buffer.alloc(0);
  let heard = 0;
  const more = async () => {
    const chunk = await nextChunk(socket);
    heard += chunk.length;
    if (heard > MAX_TALK) throw notServed(`it says more than ${MAX_TALK} bytes before TLS`);
    buffered = Buffer.concat([buffered, chunk]);
  };
  const take = (count: number) => {
    const taken = buffered.subarray(0, count);
    buffered = buffered.subarray(count);
    return taken;
  };
  return {
    line: async () => {
      while (!buffered.includes('\n')) {
        if (buffered.length > MAX_LINE) throw notServed('it says a line without end');
        await more();
      }
      return take(buffered.indexOf('\n') + 1)
        .toString('latin1')
        .replace(/\r?\n$/, '');
    },
    bytes: async (count) => {
      while (buffered.length < count) await more();
      return take(count);
    },
    write: (bytes) => void socket.write(bytes),
    expectQuiet: () => {
      if (buffered.length > 0 || socket.readableLength > 0)
        throw notServed('it goes on speaking where TLS must begin, which may be an attack');
    },
  };
}

function nextChunk(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const settle = (run: () => void) => {
      for (const name of ['readable', 'end', 'error', 'close'])
        socket.off(name, handlers[name] as () => void);
      run();
    };
    const cutOff = () => settle(() => reject(notServed('it closed the connection before TLS began')));
    const handlers: Record<string, (error: Error) => void> = {
      readable: () => {
        const chunk: Buffer | null = socket.read();
        if (chunk !== null) settle(() => resolve(chunk));
      },
      end: cutOff,
      close: cutOff,
      error: (error) => settle(() => reject(error)),
    };
    for (const [name, handler] of Object.entries(handlers)) socket.on(name, handler);
    if (socket.readableEnded || socket.destroyed) cutOff();
    else handlers.readable?.(new EvercertError('not-served', '', ''));
  });
}

/** @param why the rest of a sentence about the server */
export function notServed(why: string, cause?: unknown): EvercertError {
  return new EvercertError(
    'not-served',
    why,
    'Check that the server runs, listens there and was reloaded; and the address in --verify.',
    cause,
  );
}

/** What a server said, fit for a message. */
export function quoted(text: string): string {
  return `"${text.slice(0, 100).replace(/[^\x20-\x7e]+/g, ' ')}"`;
}

import { createInterface } from 'node:readline/promises';
import { EvercertError } from '../errors.ts';

/**
 * Asks a person.
 *
 * @throws EvercertError usage: the input ended (Ctrl-D); the signal's reason after Ctrl-C
 */
export async function ask(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // The terminal is in raw mode: Ctrl-C is a key here, and becomes the signal that it stands for.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const ended = new Promise<never>((_, reject) => terminal.once('close', () => reject(inputEnded())));
  try {
    return await Promise.race([terminal.question(question, { signal }), ended]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    ended.catch(() => undefined);
    terminal.close();
  }
}

function inputEnded(): EvercertError {
  return new EvercertError(
    'usage',
    'the input ended before the question was answered',
    'See: evercert certonly --help',
  );
}

/**
 * Stands in the bundle for cliui and string-width, with which yargs lays out the help that we never ask it for: their
 * tables of emoji take 22 ms of every start.
 */
export default function layOut(): never {
  throw new TypeError('yargs must not print help');
}

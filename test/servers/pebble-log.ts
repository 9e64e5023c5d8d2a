import type { Pebble } from '../support/rig/pebble.ts';

/** What Pebble was asked, one `METHOD /path/` a request, in order. */
export function requestsIn(log: string): string[] {
  return [...log.matchAll(/ ((?:GET|HEAD|POST) \S+) -> calling handler/g)].map(([, request = '']) => request);
}

export function countOrders({ log }: Pebble): number {
  return log().split('Added order ').length - 1;
}

/** What Pebble logged after its log had this length. */
export function since({ log }: Pebble, length: number): string {
  return log().slice(length);
}

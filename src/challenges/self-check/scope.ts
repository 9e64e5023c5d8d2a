/** What may lead where: this machine and its link, the networks around it, the world. */
const LINK = 0;
const PRIVATE = 1;
const WORLD = 2;

const SCOPES: readonly (readonly [RegExp, number])[] = [
  [/^(?:0|127|169\.254)\./, LINK],
  [/^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./, PRIVATE],
  [/^(?:::1?$|::ffff:|fe[89ab])/i, LINK],
  [/^f[cd]/i, PRIVATE],
];

/**
 * Whether a server at one address may send us to another one: not nearer to this machine than it is itself. What
 * answers there is no business of whoever wrote the redirect, nor of our log; and no public CA gets there.
 */
export function mayLeadTo(from: string, to: string): boolean {
  return from === to || scopeOf(to) >= scopeOf(from);
}

function scopeOf(address: string): number {
  return SCOPES.find(([pattern]) => pattern.test(address))?.[1] ?? WORLD;
}

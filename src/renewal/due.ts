const DAY_MS = 86_400_000;
const SHORT_LIFETIME_MS = 10 * DAY_MS;

/** When a certificate should be renewed: a third of its life before the end, half if it lives less than 10 days. */
export function dueAt(notBefore: number, notAfter: number): number {
  const lifetime = notAfter - notBefore;
  return notAfter - lifetime / (lifetime < SHORT_LIFETIME_MS ? 2 : 3);
}

// 10,000 certificates for a year, orders an hour, some minutes: node esbuild.config.js && node .build/test/soak/fleets.js
import { type Fleet, quantile, simulateFleet } from '../sim/fleet.ts';
import { LIVES } from '../sim/scenarios.ts';
import { DAY, HOUR } from '../sim/time.ts';

const SIZE = 10_000;
/** 300 orders in 3 hours is what Let's Encrypt allows. */
const STARTS = { 'as the CA allows': (SIZE / 100) * HOUR, 'within one hour': HOUR };

console.log(
  '| life | ARI | first issued | orders | exempt | limited | expired | polls | orders/h ideal | min | median | 99 % | max | max, last 90 d |',
);
console.log(`|${' --- |'.repeat(14)}`);
for (const life of process.argv.length > 2 ? process.argv.slice(2) : ['160 h', '45 d']) {
  const lifetime = LIVES[life] ?? 0;
  for (const [start, startedWithin] of Object.entries(STARTS)) {
    for (const hasAri of [false, true]) tell(life, start, { size: SIZE, lifetime, hasAri, startedWithin });
  }
}

/** Hours of the first life, in which nothing is due yet, are left out. */
function tell(life: string, start: string, fleet: Fleet): void {
  const { ca, ordersByHour, expired } = simulateFleet(fleet);
  const first = Math.ceil((fleet.lifetime * 0.7) / HOUR);
  const hours = ordersByHour.slice(first);
  const total = hours.reduce((sum, count) => sum + count, 0);
  const last = ordersByHour.slice(-(90 * DAY) / HOUR);
  if (expired + ca.limited > 0) process.exitCode = 1;
  const cells = [
    life,
    fleet.hasAri ? 'yes' : 'no',
    start,
    ca.issued,
    ca.exempt,
    ca.limited,
    expired,
    ca.polls,
  ];
  const spread = [0, 0.5, 0.99, 1].map((share) => quantile(hours, share));
  console.log(
    `| ${[...cells, (total / hours.length).toFixed(1), ...spread, Math.max(...last)].join(' | ')} |`,
  );
}

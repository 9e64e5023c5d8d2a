import { LIVES } from './scenarios.ts';
import { DAY } from './time.ts';
import { START, simulateYear } from './year.ts';

/** What a day of a long outage came to. */
export interface Day {
  readonly day: number;
  readonly daysLeft: number;
  readonly attempts: number;
  readonly statuses: readonly number[];
  readonly issuedBy: string | undefined;
}

export const DOWN_FROM = 25;
export const DOWN_TO = 55;

/** A certificate of 45 days, due on day 30, whose CA is down from day 25 to day 55. */
export function monthDown(hasFallback: boolean): Day[] {
  const days = new Map<number, Day>();
  const outages = [{ from: START + DOWN_FROM * DAY, to: START + DOWN_TO * DAY }];
  const scenario = { lifetime: LIVES['45 d'] ?? 0, hasAri: true, hasFallback, seed: 1, outages };
  simulateYear(scenario, (now, run, left) => {
    const day = Math.floor((now - START) / DAY);
    const before = days.get(day);
    const { attempts = 0, statuses = [], issuedBy } = before ?? {};
    days.set(day, {
      day,
      daysLeft: Math.floor(left / DAY),
      attempts: attempts + run.attempts,
      statuses: [...new Set([...statuses, run.status])].sort(),
      issuedBy: run.issuedBy ?? issuedBy,
    });
  });
  return [...days.values()].filter(({ day }) => day >= DOWN_FROM - 1 && day <= DOWN_TO + 40);
}

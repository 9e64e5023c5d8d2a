import { windowOf } from './ca.ts';
import { DAY, HOUR, type Span, scattered, seeded } from './time.ts';
import { type Scenario, START } from './year.ts';

export const LIVES: Readonly<Record<string, number>> = {
  '160 h': 160 * HOUR,
  '45 d': 45 * DAY,
  '47 d': 47 * DAY,
  '64 d': 64 * DAY,
  '90 d': 90 * DAY,
};

type Trouble = Pick<Scenario, 'outages' | 'failing' | 'off' | 'behind'>;

/** What may go wrong in a year, for a certificate of that life. */
export const TROUBLES: Readonly<Record<string, (lifetime: number, seed: number) => Trouble>> = {
  none: () => ({}),
  'CA down, 12 times 1 h': (_, seed) => ({ outages: scattered(seeded(seed), START, HOUR, 12) }),
  'CA down, 6 times 12 h': (_, seed) => ({ outages: scattered(seeded(seed), START, 12 * HOUR, 6) }),
  'CA down, 3 times 48 h': (_, seed) => ({ outages: scattered(seeded(seed), START, 48 * HOUR, 3) }),
  'CA down 1 h from each window on': (lifetime) => ({ outages: overWindows(lifetime, HOUR) }),
  'CA down 12 h from each window on': (lifetime) => ({ outages: overWindows(lifetime, 12 * HOUR) }),
  'CA down 48 h from each window on': (lifetime) => ({ outages: overWindows(lifetime, 48 * HOUR) }),
  'names fail for 3 days, 3 times': (_, seed) => ({ failing: scattered(seeded(seed), START, 3 * DAY, 3) }),
  'names fail for 3 days from each window on': (lifetime) => ({ failing: overWindows(lifetime, 3 * DAY) }),
  'clock 2 h behind for a day, 6 times': (_, seed) => ({ behind: scattered(seeded(seed), START, DAY, 6) }),
  'machine off for 2 days, 4 times': (_, seed) => ({ off: scattered(seeded(seed), START, 2 * DAY, 4) }),
  'machine off for 2 days from each window on': (lifetime) => ({ off: overWindows(lifetime, 2 * DAY) }),
  'all of it at random': (_, seed) => {
    const random = seeded(seed);
    return {
      outages: [HOUR, 12 * HOUR].flatMap((length) => scattered(random, START, length, 4)),
      failing: scattered(random, START, DAY, 3),
      off: scattered(random, START, DAY, 3),
      behind: scattered(random, START, DAY, 6),
    };
  },
};

/**
 * From the start of each renewal window on, if every renewal is made as soon as the trouble is over: the worst that can
 * come of a trouble of that length.
 */
function overWindows(lifetime: number, length: number): Span[] {
  const spans: Span[] = [];
  let notBefore = START - HOUR;
  while (spans.length < 200 && notBefore < START + 366 * DAY) {
    const { start } = windowOf({ server: '', notBefore, notAfter: notBefore + lifetime });
    // Without a suggestion it is due a little earlier.
    const from = start - lifetime / 50;
    spans.push({ from, to: start + length });
    notBefore = start + length;
  }
  return spans;
}

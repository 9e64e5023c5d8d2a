import type { PebbleOptions } from '../../support/rig/pebble.ts';
import type { Moment } from './trap.ts';
import type { World } from './world.ts';

/** One way of proving names. */
export interface Way {
  readonly title: string;
  /** The first one is that of the lineage. */
  readonly names: readonly string[];
  /** What Pebble must be for it. */
  readonly pebble?: () => Promise<PebbleOptions>;
  readonly set: (world: World) => Promise<Stage>;
}

/** What stands around evercert for one way. */
export interface Stage {
  /** Of certonly. */
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly moments: readonly Moment[];
  /** How a run is ended that has no server to be seen by: its own steps below this directory are counted. */
  readonly steps?: string;
  /** The CA's question is seen by our servers; else that it was told is. */
  readonly seesQuestion?: boolean;
  /** All that stands because of evercert: records, files, ports. */
  readonly standing: () => Promise<readonly string[]>;
  /** Requests to the provider so far. */
  readonly requests?: () => number;
}

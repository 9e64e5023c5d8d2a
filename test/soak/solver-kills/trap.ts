/** Where a run can be killed, in the order in which it comes there. */
export const MOMENTS = [
  'before add',
  'in add',
  'before the CA is told',
  'while the CA looks',
  'in clean-up',
] as const;

export type Moment = (typeof MOMENTS)[number];

/** What stands around evercert tells where a run has come to; the trap that is armed for it springs once. */
export interface Trap {
  /** @param spring ends the run; whatever reached the moment waits for it */
  readonly arm: (moment: Moment, spring: () => Promise<void>) => void;
  /** @returns whether it sprang */
  readonly reach: (moment: Moment) => Promise<boolean>;
  readonly isArmed: () => boolean;
}

export function createTrap(): Trap {
  let armed: { readonly moment: Moment; readonly spring: () => Promise<void> } | undefined;
  return {
    arm: (moment, spring) => {
      armed = { moment, spring };
    },
    reach: async (moment) => {
      if (armed?.moment !== moment) return false;
      const { spring } = armed;
      armed = undefined;
      await spring();
      return true;
    },
    isArmed: () => armed !== undefined,
  };
}

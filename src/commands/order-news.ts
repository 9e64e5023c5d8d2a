import type { Emit } from '../events.ts';
import type { OrderListener } from '../issuance/order.ts';

/** Tells the operator what becomes of an order. */
export function orderNews(emit: Emit, lineage: string): Omit<OrderListener, 'placed'> {
  return {
    step: (step) => emit({ type: 'progress', lineage, step }),
    presented: async () => undefined,
    replacesRefused: ({ type }) => emit({ type: 'warning', lineage, code: 'replaces-refused', detail: type }),
    profileMissing: (offered) =>
      emit({ type: 'warning', lineage, code: 'profile-missing', detail: offered.join(', ') }),
  };
}

import type { Connection } from '../acme/connection.ts';
import type { OrderListener } from '../issuance/order.ts';
import type { Checked } from './preflight.ts';
import type { Work } from './work.ts';

/** Tells the operator what becomes of an order. */
export function orderNews(
  { edges: { emit }, preflight }: Pick<Work, 'edges' | 'preflight'>,
  checked: Checked,
  connection: Connection,
): Omit<OrderListener, 'placed'> {
  const { name: lineage } = checked;
  return {
    step: (step) => emit({ type: 'progress', lineage, step }),
    presented: (proofs) => preflight.presented(checked, connection, proofs),
    replacesRefused: ({ type }) => emit({ type: 'warning', lineage, code: 'replaces-refused', detail: type }),
    profileMissing: (offered) =>
      emit({ type: 'warning', lineage, code: 'profile-missing', detail: offered.join(', ') }),
  };
}

import { asEvercertError, EvercertError } from '../errors.ts';
import { revocationUnknown } from '../x509/revocation.ts';
import { createAsker, type Edges, within } from './ask.ts';
import { createCrlQuery } from './crl-query.ts';
import { queryResponder } from './ocsp-query.ts';
import type { RevocationAnswer, RevocationQuery } from './values.ts';

export interface RevocationCheck {
  /**
   * Asks about all of them side by side: the OCSP responder first, the CRL when there is none or it failed. It ends within
   * 20 s: what is not answered by then is a revocation-unknown.
   *
   * @returns by lineage
   * @throws the signal's reason
   */
  check(queries: readonly RevocationQuery[]): Promise<ReadonlyMap<string, RevocationAnswer | EvercertError>>;
}

const ALL_MS = 20_000;

/** @param edges the sender's `maxBytes` should be MAX_CRL_BYTES of x509/crl.ts */
export function createRevocationCheck(edges: Edges): RevocationCheck {
  const late = revocationUnknown(`there was no answer within ${ALL_MS / 1000} s`);
  return {
    check: (queries) =>
      within(ALL_MS, edges, late, async (signal) => {
        const answerOne = answerer(queries, { ...edges, signal });
        const answers = queries.map(async (query) => {
          const answer = await answerOne(query);
          edges.signal.throwIfAborted();
          return [query.lineage, answer] as const;
        });
        return new Map(await Promise.all(answers));
      }),
  };
}

type Outcome = RevocationAnswer | EvercertError;

function answerer(
  queries: readonly RevocationQuery[],
  edges: Edges,
): (query: RevocationQuery) => Promise<Outcome> {
  const ask = createAsker(edges);
  const queryCrl = createCrlQuery(queries, ask, edges.clock);
  return async (query) => {
    const { responder, crl } = query;
    const fromOcsp =
      responder === undefined
        ? undefined
        : await outcomeOf(queryResponder(responder, query, ask, edges.clock));
    if (fromOcsp !== undefined && !(fromOcsp instanceof EvercertError)) return fromOcsp;
    if (crl === undefined)
      return fromOcsp ?? revocationUnknown('it names neither an OCSP responder nor a CRL');
    const fromCrl = await outcomeOf(queryCrl(crl, query));
    return fromCrl instanceof EvercertError && fromOcsp !== undefined ? both(fromOcsp, fromCrl) : fromCrl;
  };
}

/** Every expected failure as a revocation-unknown: the other codes' hints are about ACME. */
async function outcomeOf(answer: Promise<RevocationAnswer>): Promise<Outcome> {
  try {
    return await answer;
  } catch (thrown) {
    const error = asEvercertError(thrown);
    return error.code === 'revocation-unknown' ? error : revocationUnknown(error.message, error);
  }
}

function both(ocsp: EvercertError, crl: EvercertError): EvercertError {
  return new EvercertError('revocation-unknown', crl.message, crl.hint, crl, [
    `before, by OCSP: ${ocsp.message}`,
  ]);
}

import * as v from 'valibot';
import { EvercertError } from '../errors.ts';

const Url = v.pipe(v.string(), v.maxLength(2048), v.url(), v.regex(/^https?:\/\//));
/** Words of a CA that reach the operator: nothing in them may drive a terminal. */
const word = (maxLength: number) => v.pipe(v.string(), v.maxLength(maxLength), v.regex(/^[\x21-\x7e]*$/));
const Status = word(32);

/** A URL that is only shown to a person: any scheme (Pebble's is data:), but nothing that could drive a terminal. */
const Shown = word(2048);

/** RFC 8555 section 7.1.1. */
export const DirectorySchema = v.object({
  newNonce: Url,
  newAccount: Url,
  newOrder: Url,
  /** RFC 9773 section 4.1. */
  renewalInfo: v.optional(Url),
  meta: v.optional(
    v.object({
      termsOfService: v.optional(Shown),
      externalAccountRequired: v.optional(v.boolean()),
      /** Name to description (draft-ietf-acme-profiles). */
      profiles: v.optional(
        v.pipe(v.record(word(64), v.pipe(v.string(), v.maxLength(2048))), v.maxEntries(100)),
      ),
    }),
  ),
});
export type Directory = v.InferOutput<typeof DirectorySchema>;

/** RFC 8555 section 7.1.2. */
export const AccountSchema = v.object({ status: Status, orders: v.optional(Url) });

/** RFC 8555 section 7.1.2.1. */
export const OrdersListSchema = v.object({ orders: v.pipe(v.array(Url), v.maxLength(10_000)) });

const IdentifierSchema = v.object({ type: word(32), value: word(260) });

/** RFC 8555 section 7.1.3. */
export const OrderSchema = v.object({
  status: v.picklist(['pending', 'ready', 'processing', 'valid', 'invalid']),
  identifiers: v.pipe(v.array(IdentifierSchema), v.maxLength(1000)),
  authorizations: v.pipe(v.array(Url), v.maxLength(1000)),
  finalize: Url,
  certificate: v.optional(Url),
  error: v.optional(v.unknown()),
});
export type Order = v.InferOutput<typeof OrderSchema>;

/** RFC 8555 section 8. A token that is not base64url must never reach a path or a page. */
export const ChallengeSchema = v.object({
  type: word(64),
  url: Url,
  status: Status,
  token: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16,256}$/, 'is not base64url'))),
  error: v.optional(v.unknown()),
});
export type Challenge = v.InferOutput<typeof ChallengeSchema>;

/** RFC 8555 section 7.1.4. */
export const AuthorizationSchema = v.object({
  status: v.picklist(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  identifier: IdentifierSchema,
  wildcard: v.optional(v.boolean()),
  challenges: v.pipe(v.array(ChallengeSchema), v.maxLength(50)),
});
export type Authorization = v.InferOutput<typeof AuthorizationSchema>;

/**
 * Checks what a CA answered.
 *
 * @throws EvercertError bad-answer
 */
export function readResource<S extends v.GenericSchema>(
  schema: S,
  body: unknown,
  host: string,
  what: string,
): v.InferOutput<S> {
  const result = v.safeParse(schema, body, { abortEarly: true });
  if (result.success) return result.output;
  const where = v.getDotPath(result.issues[0]);
  throw new EvercertError(
    'bad-answer',
    `${host} sent a ${what} that makes no sense${where === null ? '' : ` (${where})`}`,
    'This may be no ACME server: check --server, and any proxy in between. If it is, the next run tries again.',
  );
}

import * as v from 'valibot';
import { EvercertError } from '../errors.ts';
import { printable } from './problem.ts';

const Url = v.pipe(v.string(), v.maxLength(2048), v.url(), v.regex(/^https?:\/\//));
/** Words of a CA that reach the operator: nothing in them may drive a terminal. */
const word = (maxLength: number) => v.pipe(v.string(), v.maxLength(maxLength), v.regex(/^[\x21-\x7e]*$/));
const Status = word(32);

/** A URL that is only shown to a person: any scheme (Pebble's is data:), but nothing that could drive a terminal. */
const Shown = word(2048);

const DATE_TIME = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i;

/**
 * A date-time of RFC 3339 section 5.6, with seconds below 60, as milliseconds since 1970. A time before that (Go's zero
 * time is of the year 1) counts as that: state holds no other.
 */
const Rfc3339 = v.pipe(
  v.string(),
  v.check(isDateTime, 'is no date-time of RFC 3339'),
  v.transform((text) => Math.max(0, Date.parse(text.toUpperCase()))),
);

/** Date.parse would take the 31st of June for the 1st of July. */
function isDateTime(text: string): boolean {
  const [, date, time] = DATE_TIME.exec(text) ?? [];
  const local = Date.parse(`${date}T${time}Z`);
  return !Number.isNaN(local) && new Date(local).toISOString() === `${date}T${time}.000Z`;
}

/** Profiles and what the CA says of each (draft-ietf-acme-profiles section 3). */
const ProfilesSchema = v.pipe(
  v.record(word(64), v.pipe(v.string(), v.transform(printable))),
  v.maxEntries(100),
);

const IssuerNames = v.pipe(
  v.array(v.pipe(word(253), v.regex(/^[a-z0-9.-]+$/))),
  v.minLength(1),
  v.maxLength(10),
);

/** RFC 8555 section 7.1.1, RFC 9773 section 3. */
export const DirectorySchema = v.object({
  newNonce: Url,
  newAccount: Url,
  newOrder: Url,
  renewalInfo: v.optional(Url),
  meta: v.optional(
    v.object({
      termsOfService: v.optional(Shown),
      externalAccountRequired: v.optional(v.boolean()),
      profiles: v.optional(ProfilesSchema),
      /** What CAA records call the CA. */
      caaIdentities: v.fallback(v.optional(v.pipe(v.array(word(253)), v.maxLength(100))), undefined),
      /** draft-ietf-acme-dns-persist sections 3.2 and 4.1. */
      issuerDomainNames: v.fallback(v.optional(IssuerNames), undefined),
      accountHashPrefix: v.fallback(v.optional(word(1024)), undefined),
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

/** RFC 9773 section 4.2. An explanation that cannot be shown is none. */
export const RenewalInfoSchema = v.object({
  suggestedWindow: v.object({ start: Rfc3339, end: Rfc3339 }),
  explanationURL: v.fallback(v.optional(Shown), undefined),
});

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
    `${host} sent a ${what} that makes no sense${where === null ? '' : ` (${printable(where)})`}`,
    'This may be no ACME server: check --server, and any proxy in between. If it is, the next run tries again.',
  );
}

/** RFC 8555 section 6.1: all of a CA that speaks HTTPS does. */
export function insecureUrl(host: string, url: string): EvercertError {
  return new EvercertError(
    'bad-answer',
    `${host} sent a URL that is not https: ${url.slice(0, 200)}`,
    'Nothing was sent there. If this is an ACME server, tell the CA.',
  );
}

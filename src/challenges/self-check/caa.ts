import type { CaaPlace, Fault } from '../../events.ts';
import type { CaaRecord } from '../../system/dns.ts';
import type { ChallengeType } from '../solver.ts';
import { plain } from './plain.ts';

/** Who asks for a certificate, and how. */
export interface CaaQuestion {
  /** What the CA calls itself in CAA records; empty where it does not say. */
  readonly identities: readonly string[];
  readonly isWildcard: boolean;
  readonly type: ChallengeType;
  readonly accountUrl: string;
}

/** Records of a name, or of the closest one above it that has some. */
export interface CaaFound {
  readonly owner: string;
  readonly records: readonly CaaRecord[];
}

/** Where the CA looks (RFC 8659 section 3); undefined where there are no records up to the top. */
export async function climb(
  name: string,
  caa: (name: string) => Promise<readonly CaaRecord[]>,
): Promise<CaaFound | undefined> {
  const records = await caa(name);
  if (records.length > 0) return { owner: name, records };
  const dot = name.indexOf('.');
  return dot < 0 ? undefined : climb(name.slice(dot + 1), caa);
}

interface Property {
  readonly issuer: string;
  readonly account: string | undefined;
  readonly methods: readonly string[] | undefined;
}

/** Tags of RFC 8659, and those of the registry that say nothing of TLS certificates. */
const KNOWN = new Set([
  'issue',
  'issuewild',
  'iodef',
  'contactemail',
  'contactphone',
  'issuemail',
  'issuevmc',
]);

/** What CAA records say against a certificate (RFC 8659 section 4, RFC 8657); undefined for nothing. */
export function judgeCaa({ owner, records }: CaaFound, question: CaaQuestion): Fault | undefined {
  const lower = records.map((record) => ({ ...record, tag: record.tag.toLowerCase() }));
  const tag =
    question.isWildcard && lower.some((record) => record.tag === 'issuewild') ? 'issuewild' : 'issue';
  const place: CaaPlace = { owner, tag, isCertain: false };
  const unknown = lower.find(({ critical, tag: each }) => critical && !KNOWN.has(each));
  if (unknown !== undefined) return { code: 'caa-unknown', ...place, unknown: plain(unknown.tag, LONGEST) };
  const properties = lower.filter((record) => record.tag === tag).map(({ value }) => parse(value));
  if (properties.length === 0) return undefined;
  return judgeProperties(properties, question, place);
}

function judgeProperties(
  properties: readonly Property[],
  { identities, type, accountUrl }: CaaQuestion,
  place: CaaPlace,
): Fault | undefined {
  const allowed = [...new Set(properties.map(({ issuer }) => issuer).filter((issuer) => issuer !== ''))];
  if (identities.length === 0 && allowed.length > 0) return undefined;
  const ours = properties.filter(({ issuer }) => identities.some((own) => own.toLowerCase() === issuer));
  if (ours.length === 0) return { code: 'caa-forbids', ...place, allowed, identities };
  const byAccount = ours.filter(({ account }) => account === undefined || account === accountUrl);
  if (byAccount.length === 0) {
    return { code: 'caa-account', ...place, accounts: ours.flatMap(({ account }) => account ?? []) };
  }
  if (byAccount.some(({ methods }) => methods === undefined || methods.includes(type))) return undefined;
  return { code: 'caa-method', ...place, methods: byAccount.flatMap(({ methods }) => methods ?? []), type };
}

/** Of a name or a URL; what is longer matches nothing. */
const LONGEST = 253;

/** `issuer.example; name=value; name=value` (RFC 8659 section 4.2). */
function parse(value: string): Property {
  const [issuer = '', ...rest] = value.split(';').map((part) => part.trim());
  const parameters = new Map(
    rest.map((part) => {
      const at = part.indexOf('=');
      const name = part.slice(0, Math.max(0, at)).trim().toLowerCase();
      return [name, plain(part.slice(at + 1), LONGEST)] as const;
    }),
  );
  return {
    issuer: plain(issuer.toLowerCase(), LONGEST),
    account: parameters.get('accounturi'),
    methods: parameters
      .get('validationmethods')
      ?.split(',')
      .map((method) => method.trim()),
  };
}

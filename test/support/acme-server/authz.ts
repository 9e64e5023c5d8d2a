import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import type { Identifier } from './identifiers.ts';
import type { SignedRequest } from './jws.ts';
import { check } from './parse.ts';
import { malformed, unauthorized } from './problem.ts';
import { jsonReply, type Reply } from './reply.ts';
import { type Account, type Authorization, type Challenge, type ServerContext, timestamp } from './state.ts';
import { type ChallengeType, validateChallenge } from './validate.ts';

const deactivation = v.object({ status: v.literal('deactivated') });
const challengePayload = v.record(v.string(), v.unknown());

/** A pending authorization with a challenge of each type that fits the identifier. */
export function createAuthorization(
  context: ServerContext,
  account: Account,
  { type, value }: Identifier,
): Authorization {
  const id = context.nextId();
  const wildcard = value.startsWith('*.');
  const authorization: Authorization = {
    id,
    url: `${context.baseUrl}/acme/authz/${id}`,
    account,
    identifier: { type, value: wildcard ? value.slice(2) : value },
    wildcard,
    status: 'pending',
    expires: context.knobs.now() + context.knobs.orderLifetimeSeconds * 1000,
    challenges: challengeTypes(type, wildcard).map((challengeType) => ({
      type: challengeType,
      url: `${context.baseUrl}/acme/challenge/${id}/${challengeType}`,
      token: randomBytes(32).toString('base64url'),
      status: 'pending',
    })),
  };
  context.authorizations.set(id, authorization);
  return authorization;
}

function challengeTypes(type: Identifier['type'], wildcard: boolean): ChallengeType[] {
  if (wildcard) return ['dns-01'];
  return type === 'ip' ? ['http-01', 'tls-alpn-01'] : ['http-01', 'dns-01', 'tls-alpn-01'];
}

/** A valid authorization for the same name that the knob lets a new order use. */
export function reusableAuthorization(
  context: ServerContext,
  account: Account,
  { type, value }: Identifier,
): Authorization | undefined {
  if (!context.knobs.validAuthzReuse) return undefined;
  return [...context.authorizations.values()].find(
    (candidate) =>
      candidate.account === account &&
      candidate.identifier.type === type &&
      (candidate.wildcard ? `*.${candidate.identifier.value}` : candidate.identifier.value) === value &&
      refreshAuthorization(context, candidate) === 'valid',
  );
}

/** Lets an authorization expire and gives its status. */
export function refreshAuthorization(
  { knobs }: ServerContext,
  authorization: Authorization,
): Authorization['status'] {
  const open = authorization.status === 'pending' || authorization.status === 'valid';
  if (open && knobs.now() > authorization.expires) authorization.status = 'expired';
  return authorization.status;
}

/** POST(-as-GET) of an authorization: read or deactivate. */
export function authorization(context: ServerContext, request: SignedRequest, id: string): Reply {
  const found = ownAuthorization(context, request, id);
  if (request.payload !== undefined) {
    check(deactivation, request.payload, 'Authorization update');
    if (found.status !== 'pending' && found.status !== 'valid') {
      throw malformed(`The authorization is already ${found.status}`);
    }
    found.status = 'deactivated';
  }
  const { identifier, wildcard, status, expires, challenges } = found;
  const attempted = challenges.filter((challenge) => challenge.status === status);
  const body = {
    identifier,
    status,
    expires: timestamp(expires),
    // RFC 8555 section 7.1.4: a final authorization lists the challenge that was attempted.
    challenges: attempted.length > 0 && status !== 'pending' ? attempted : challenges,
    ...(wildcard && { wildcard }),
  };
  return jsonReply(200, body, retryHeader(context, status));
}

function ownAuthorization(context: ServerContext, request: SignedRequest, id: string): Authorization {
  const found = context.authorizations.get(id);
  if (!found) throw malformed('No such authorization', 404);
  if (found.account !== request.account) throw unauthorized('The authorization belongs to another account');
  refreshAuthorization(context, found);
  return found;
}

function retryHeader({ knobs }: ServerContext, status: string): Record<string, string> {
  const { authz } = knobs.retryAfter;
  const unfinished = status === 'pending' || status === 'processing';
  return unfinished && authz !== undefined ? { 'retry-after': String(authz) } : {};
}

/** POST of a challenge: `{}` starts the validation (RFC 8555 section 7.5.1), POST-as-GET reads. */
export function challenge(context: ServerContext, request: SignedRequest, id: string, type: string): Reply {
  const parent = ownAuthorization(context, request, id);
  const found = parent.challenges.find((candidate) => candidate.type === type);
  if (!found) throw malformed('No such challenge', 404);
  if (request.payload !== undefined) {
    check(challengePayload, request.payload, 'Challenge response');
    startValidation(context, parent, found);
  }
  return jsonReply(200, found, {
    link: `<${parent.url}>;rel="up"`,
    ...retryHeader(context, found.status),
  });
}

function startValidation(context: ServerContext, parent: Authorization, found: Challenge): void {
  if (found.status !== 'pending') return;
  if (parent.status !== 'pending') throw malformed(`The authorization is ${parent.status}, not pending`);
  found.status = 'processing';
  context.timers.later(context.knobs.validationDelayMs, () => void validate(context, parent, found));
}

async function validate(context: ServerContext, parent: Authorization, found: Challenge): Promise<void> {
  const problem = await validateChallenge(context.knobs, {
    type: found.type,
    identifier: parent.identifier,
    token: found.token,
    keyAuthorization: `${found.token}.${parent.account.key.thumbprint}`,
  });
  if (parent.status !== 'pending') return;
  found.status = problem ? 'invalid' : 'valid';
  found.validated = timestamp(context.knobs.now());
  if (problem) found.error = problem;
  else parent.expires = context.knobs.now() + context.knobs.authzLifetimeSeconds * 1000;
  parent.status = found.status;
}

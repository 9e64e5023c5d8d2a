import { isIP, isIPv6 } from 'node:net';
import * as v from 'valibot';
import { check } from './parse.ts';
import { AcmeProblem, malformed } from './problem.ts';

const identifierSchema = v.object({ type: v.string(), value: v.string() });

/** A name to certify: dns (RFC 8555) or ip (RFC 8738). */
export interface Identifier {
  type: 'dns' | 'ip';
  value: string;
}

/** One text per identifier, for sets and comparison. */
export function identifierKey({ type, value }: Identifier): string {
  return `${type}:${value}`;
}

/** Checks the identifiers of newOrder: known types, canonical values, no duplicates. */
export function readIdentifiers(values: unknown[]): Identifier[] {
  const identifiers = values.map(readIdentifier);
  const keys = new Set(identifiers.map(identifierKey));
  if (keys.size !== identifiers.length) throw malformed('The order names an identifier twice');
  return identifiers;
}

function readIdentifier(value: unknown): Identifier {
  const identifier = check(identifierSchema, value, 'identifier');
  if (identifier.type === 'dns') return { type: 'dns', value: checkDnsName(identifier.value) };
  if (identifier.type === 'ip') return { type: 'ip', value: checkAddress(identifier.value) };
  throw new AcmeProblem(
    'unsupportedIdentifier',
    400,
    `Identifiers of type ${identifier.type} are not supported`,
  );
}

function checkDnsName(name: string): string {
  if (name !== name.toLowerCase()) throw malformed(`"${name}" is not in lower case`);
  const base = name.startsWith('*.') ? name.slice(2) : name;
  if (isIP(base)) throw malformed(`"${name}" is an IP address in a dns identifier`);
  const labels = base.split('.');
  if (labels.length < 2) throw rejected(name, 'Domain name needs at least one dot');
  if (base.length > 253 || !labels.every(isLabel)) throw malformed(`"${name}" is not a valid domain name`);
  return name;
}

function isLabel(label: string): boolean {
  return /^(?!-)[a-z0-9-]{1,63}(?<!-)$/.test(label);
}

function checkAddress(address: string): string {
  if (!isIP(address)) throw malformed(`"${address}" is not an IP address`);
  if (canonicalAddress(address) !== address) throw malformed(`"${address}" is not in the form of RFC 5952`);
  return address;
}

/** An address in its one textual form. */
export function canonicalAddress(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
}

function rejected(name: string, detail: string): AcmeProblem {
  return new AcmeProblem('rejectedIdentifier', 400, `Cannot issue for "${name}": ${detail}`);
}

/** Refuses the identifiers on the list of the knob, one subproblem each when there are several. */
export function refuseRejected(identifiers: Identifier[], refused: string[]): void {
  const hits = identifiers.filter(({ value }) => refused.includes(value));
  const [first] = hits;
  if (!first) return;
  const subproblems = hits.map((identifier) => ({
    type: 'urn:ietf:params:acme:error:rejectedIdentifier',
    detail: 'The CA will not issue for this identifier',
    identifier,
  }));
  const names = hits.map(({ value }) => `"${value}"`).join(', ');
  throw new AcmeProblem('rejectedIdentifier', 400, `Cannot issue for ${names}`, { members: { subproblems } });
}

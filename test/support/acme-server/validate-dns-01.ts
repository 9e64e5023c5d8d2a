import { createHash } from 'node:crypto';
import type { Knobs } from './knobs.ts';
import { AcmeProblem, unauthorized } from './problem.ts';
import type { ValidationTarget } from './validate.ts';

/** dns-01, RFC 8555 section 8.4: the records come from the knob `lookupTxt`. */
export async function validateDns01(target: ValidationTarget, knobs: Knobs): Promise<void> {
  const name = `_acme-challenge.${target.identifier.value}`;
  const records = await lookUp(name, knobs);
  const digest = createHash('sha256').update(target.keyAuthorization).digest('base64url');
  if (records.includes(digest)) return;
  throw unauthorized(`Incorrect TXT records ${JSON.stringify(records)} at ${name}, expected "${digest}"`);
}

async function lookUp(name: string, { lookupTxt }: Knobs): Promise<string[]> {
  const records = await lookupTxt(name);
  if (records.length > 0) return records;
  throw new AcmeProblem('dns', 400, `DNS problem: NXDOMAIN looking up TXT for ${name}`);
}

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { catalogue } from '../faults/catalogue.ts';
import type { Fault } from '../faults/fault.ts';
import { play } from '../faults/play.ts';
import { type Distance, pebbleSite, type Site, startPatientPebble, strictSite } from '../faults/site.ts';
import type { Pebble } from '../support/rig/pebble.ts';
import { skipWithout } from '../support/rig/requirements.ts';

// A small part of test/soak/fault-matrix.ts: of each kind of fault one, at one of the two CAs.

const AT_OURS = [
  'TLS for another host',
  '500 once at finalize',
  'garbage: certificate',
  'no nonce at all',
  'authorization pending for ever',
  'CA restarted in the middle of the order',
];
const AT_PEBBLE = [
  'connection refused',
  'TLS by an unknown root',
  '503 everywhere, Retry-After 7200',
  'reply lost: finalize',
  'CA restarted, all forgotten',
  'wrong key in the leaf',
];

function faultsOf(names: readonly string[]): Fault[] {
  return names.map((name) => {
    const fault = catalogue.find((each) => each.name === name);
    assert.ok(fault, name);
    return fault;
  });
}

async function judge(starting: Promise<Site>, fault: Fault, distance: Distance): Promise<void> {
  const site = await starting;
  try {
    assert.deepEqual((await play(site, fault, distance)).complaints, []);
  } finally {
    await site.close();
  }
}

/** One in three near the end: the rest of what is looked at does not depend on it. */
const distanceOf = (index: number): Distance => (index % 3 === 2 ? 'near' : 'far');

describe('borne at a CA of our own', { concurrency: 4 }, () => {
  for (const [index, fault] of faultsOf(AT_OURS).entries()) {
    const distance = distanceOf(index);
    test(`${fault.name}, ${distance}`, () => judge(strictSite(distance), fault, distance));
  }
});

describe('borne at Pebble', { concurrency: 4, skip: skipWithout(['pebble']) }, () => {
  let pebble: Pebble;
  before(async () => {
    pebble = await startPatientPebble();
  });
  after(() => pebble.stop());

  for (const [index, fault] of faultsOf(AT_PEBBLE).entries()) {
    const distance = distanceOf(index);
    test(`${fault.name}, ${distance}`, () => judge(pebbleSite(distance, pebble), fault, distance));
  }
});

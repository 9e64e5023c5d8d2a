import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { configFlagsOf } from '../../src/cli/config-rules.ts';
import { type Flag, VERBS } from '../../src/cli/flags.ts';

const FILE = 'docs/config.schema.json';

/** What one value looks like; bounds and lists of words are the parser's. */
function typeOf({ value, many, mayBeEmpty }: Flag) {
  const one = { type: ['string', 'integer'], ...(mayBeEmpty ? {} : { minLength: 1 }) };
  if (value === undefined) return { type: 'boolean' };
  return many === true ? { oneOf: [one, { type: 'array', items: one, minItems: 1 }] } : one;
}

function propertiesOf(flags: readonly Flag[]) {
  const distinct = new Map(flags.map((flag) => [flag.name, flag]));
  return Object.fromEntries(
    [...distinct.values()].map((flag) => [flag.name, { description: flag.help, ...typeOf(flag) }]),
  );
}

function makeSchema() {
  const verbs = VERBS.map((verb) => [
    verb,
    {
      description: `for evercert ${verb} alone`,
      type: 'object',
      properties: propertiesOf(configFlagsOf(verb)),
      additionalProperties: false,
    },
  ]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'config.json: flags for every run of evercert',
    type: 'object',
    properties: {
      $schema: { type: 'string' },
      ...propertiesOf(VERBS.flatMap(configFlagsOf)),
      ...Object.fromEntries(verbs),
    },
    additionalProperties: false,
  };
}

test(`${FILE} is made of the table of flags (EVERCERT_WRITE_SCHEMA=1 writes it anew)`, () => {
  const schema = makeSchema();
  if (process.env.EVERCERT_WRITE_SCHEMA === '1') writeFileSync(FILE, `${JSON.stringify(schema, null, 2)}\n`);
  assert.deepEqual(JSON.parse(readFileSync(FILE, 'utf8')), schema);
});

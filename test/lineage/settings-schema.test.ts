import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SettingsSchema } from '../../src/lineage/settings.ts';
import { SETTINGS_REFUSED, SETTINGS_TAKEN } from '../unit-kit/settings-examples.ts';

/** The part of JSON Schema that the file uses. */
interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
}

const schema = JSON.parse(readFileSync('docs/settings.schema.json', 'utf8')) as Schema;

/** What a rule is, be it written elsewhere in the file. */
function resolved(rule: Schema): Schema {
  return rule.$ref === undefined ? rule : (schema.$defs?.[rule.$ref.replace('#/$defs/', '')] ?? {});
}

function fits(reference: Schema, value: unknown): boolean {
  const rule = resolved(reference);
  if (rule.oneOf !== undefined) return rule.oneOf.filter((each) => fits(each, value)).length === 1;
  if ('const' in rule) return rule.const === value;
  if (rule.enum !== undefined) return rule.enum.includes(value);
  switch (rule.type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'integer':
      return Number.isInteger(value) && within(Number(value), rule.minimum, rule.maximum);
    case 'string':
      return (
        typeof value === 'string' &&
        within(value.length, rule.minLength, rule.maxLength) &&
        new RegExp(rule.pattern ?? '', 'u').test(value)
      );
    case 'array':
      return (
        Array.isArray(value) &&
        within(value.length, rule.minItems, rule.maxItems) &&
        value.every((item) => fits(rule.items ?? {}, item))
      );
    case 'object':
      return (
        typeof value === 'object' && value !== null && !Array.isArray(value) && objectFits(rule, { ...value })
      );
    default:
      return true;
  }
}

const within = (value: number, min = 0, max = Infinity) => value >= min && value <= max;

function objectFits(rule: Schema, value: Record<string, unknown>): boolean {
  const hasAll = (rule.required ?? []).every((key) => Object.hasOwn(value, key));
  return (
    hasAll &&
    Object.entries(value).every(([key, field]) => {
      const known = rule.properties?.[key] ?? rule.additionalProperties ?? true;
      return typeof known === 'boolean' ? known : fits(known, field);
    })
  );
}

for (const [name, settings] of Object.entries(SETTINGS_TAKEN)) {
  test(`the schema takes: ${name}`, () => assert.ok(fits(schema, settings)));
}

for (const [name, settings] of Object.entries(SETTINGS_REFUSED)) {
  test(`the schema refuses: ${name}`, () => assert.ok(!fits(schema, settings)));
}

/** The fields of an object in valibot's own terms; `?` marks optional ones. */
interface Part {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Part>>;
  readonly options?: readonly unknown[];
  readonly wrapped?: Part;
  readonly literal?: unknown;
  readonly value?: Part;
  readonly item?: Part;
  readonly pipe?: readonly Part[];
  readonly requirement?: unknown;
}

/** What a value must obey, in the words of JSON Schema; what only transforms is no rule. */
function rulesOf(part: Part): Record<string, unknown> {
  return Object.assign(
    {},
    ...(part.pipe ?? []).map((each) => (each.pipe ? rulesOf(each) : ruleOf(each, part))),
  );
}

function ruleOf({ type, requirement }: Part, { type: subject }: Part): Record<string, unknown> {
  const unit = subject === 'array' ? 'Items' : 'Length';
  switch (type) {
    case 'min_length':
      return { [`min${unit}`]: requirement };
    case 'max_length':
      return { [`max${unit}`]: requirement };
    case 'min_value':
      return { minimum: requirement };
    case 'max_value':
      return { maximum: requirement };
    case 'regex':
      return { pattern: requirement instanceof RegExp ? requirement.source : '' };
    case 'starts_with':
      return { pattern: `^${requirement}` };
    case 'url':
      return { format: 'uri' };
    default:
      return {};
  }
}

const RULES = ['minItems', 'maxItems', 'minLength', 'maxLength', 'minimum', 'maximum', 'pattern', 'format'];

/** What both describe alike: fields, which of them may be absent, closed lists of values, bounds and patterns. */
function shapeOfCode(part: Part): unknown {
  if (part.wrapped !== undefined) return shapeOfCode(part.wrapped);
  switch (part.type) {
    case 'strict_object':
      return Object.fromEntries(
        Object.entries(part.entries ?? {}).map(([key, entry]) => [
          entry.type === 'optional' ? `${key}?` : key,
          shapeOfCode(entry),
        ]),
      );
    case 'variant':
      return part.options?.map((option) => shapeOfCode(option as Part));
    case 'literal':
      return [part.literal];
    case 'picklist':
      return part.options;
    case 'record':
      return { '*': shapeOfCode(part.value ?? { type: '' }) };
    case 'array':
      return { '[]': shapeOfCode(part.item ?? { type: '' }), ...rulesOf(part) };
    case 'number':
      return { type: 'integer', ...rulesOf(part) };
    default:
      return { type: part.type, ...rulesOf(part) };
  }
}

function shapeOfSchema(reference: Schema): unknown {
  const rule = resolved(reference);
  if (rule.oneOf !== undefined) return rule.oneOf.map(shapeOfSchema);
  if ('const' in rule) return [rule.const];
  if (rule.enum !== undefined) return rule.enum;
  const rules = Object.fromEntries(Object.entries(rule).filter(([key]) => RULES.includes(key)));
  if (rule.type === 'array') return { '[]': shapeOfSchema(rule.items ?? {}), ...rules };
  if (rule.type !== 'object') return { type: rule.type, ...rules };
  if (typeof rule.additionalProperties === 'object') return { '*': shapeOfSchema(rule.additionalProperties) };
  assert.equal(rule.additionalProperties, false);
  return Object.fromEntries(
    Object.entries(rule.properties ?? {}).map(([key, field]) => [
      rule.required?.includes(key) ? key : `${key}?`,
      shapeOfSchema(field),
    ]),
  );
}

test('docs/settings.schema.json has the fields and bounds of SettingsSchema', () => {
  assert.deepEqual(shapeOfSchema(schema), shapeOfCode(SettingsSchema as unknown as Part));
});

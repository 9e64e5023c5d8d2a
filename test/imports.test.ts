import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

/** Who may import what (docs/design.md): values, and types beyond these. */
const VALUES: Record<string, readonly string[]> = {
  errors: [],
  events: [],
  promises: [],
  system: ['errors'],
  x509: ['errors'],
  acme: ['errors', 'promises', 'x509'],
  challenges: ['errors', 'promises', 'x509'],
  lineage: ['errors', 'x509'],
  deploy: ['errors', 'promises', 'x509'],
  renewal: ['errors'],
  revocation: ['errors', 'x509'],
  health: ['errors'],
  notify: ['errors', 'health'],
  timer: ['errors'],
  issuance: ['errors', 'x509', 'challenges', 'acme'],
  commands: [
    'errors',
    'promises',
    'events',
    'x509',
    'acme',
    'challenges',
    'lineage',
    'deploy',
    'renewal',
    'revocation',
    'timer',
    'issuance',
    'health',
    'notify',
  ],
  cli: ['errors', 'events', 'health', 'notify'],
  run: ['errors', 'events', 'cli', 'commands', 'system'],
  main: ['cli', 'run'],
};
const TYPES: Record<string, readonly string[]> = {
  events: ['errors'],
  acme: ['system'],
  challenges: ['system', 'events'],
  lineage: ['system', 'events'],
  deploy: ['system', 'events'],
  renewal: ['events', 'lineage'],
  revocation: ['system'],
  health: ['system'],
  notify: ['system', 'events'],
  issuance: ['events'],
  commands: ['system'],
  cli: ['commands', 'system'],
};

/** Modules of Node that touch the outside: for system alone. Pure ones are free; crypto is also x509's, notify's and the challenges' for digests and signatures. */
const PURE = new Set(['node:events', 'node:path', 'node:url', 'node:util']);
const CRYPTO_LAYERS = new Set(['x509', 'system', 'notify', 'challenges']);

interface Import {
  readonly from: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

const IMPORT =
  /^(?:import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|^import\s+'([^']+)'|import\('([^']+)'\)/gm;

function importsOf(file: string): Import[] {
  const text = readFileSync(join('src', file), 'utf8');
  return [...text.matchAll(IMPORT)].map(([statement, type, named, bare, lazy]) => {
    const target = named ?? bare ?? lazy ?? '';
    const inside = target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
    return { from: file, target: inside, typeOnly: type !== undefined || onlyTypes(statement) };
  });
}

/** `import { type A, type B } from` leaves nothing at run time. */
function onlyTypes(statement: string): boolean {
  const names =
    /\{([^}]*)\}/
      .exec(statement)?.[1]
      ?.split(',')
      .map((name) => name.trim()) ?? [];
  return names.length > 0 && names.every((name) => name === '' || name.startsWith('type '));
}

function layerOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : file.replace(/\.ts$/, '');
}

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
  /(?<!\.d)\.ts$/.test(file),
);
const imports = files.flatMap(importsOf);

function isAllowed({ from, target, typeOnly }: Import): boolean {
  const layer = layerOf(from);
  if (target.startsWith('node:')) {
    return (
      layer === 'system' ||
      layer === 'main' ||
      PURE.has(target) ||
      (target === 'node:crypto' && CRYPTO_LAYERS.has(layer))
    );
  }
  if (!files.includes(target)) return true;
  const wanted = layerOf(target);
  const allowed = [layer, ...(VALUES[layer] ?? []), ...(typeOnly ? (TYPES[layer] ?? []) : [])];
  return allowed.includes(wanted);
}

test('imports run downward only', () => {
  assert.ok(imports.length > 200, 'the pattern finds the imports');
  const wrong = imports.filter((each) => !isAllowed(each)).map(({ from, target }) => `${from} -> ${target}`);
  assert.deepEqual(wrong, []);
});

test('no file imports itself in a circle', () => {
  const values = new Map(
    files.map((file) => [
      file,
      imports.filter(({ from, typeOnly }) => from === file && !typeOnly).map(({ target }) => target),
    ]),
  );
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `circle: ${[...path, file].join(' -> ')}`);
    if (done.has(file)) return;
    for (const target of values.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

/** Text that belongs in few places. */
const CONFINED: readonly { readonly what: string; readonly pattern: RegExp; readonly only: RegExp }[] = [
  {
    what: 'the process',
    pattern: /\bprocess\.(?:env|argv|exit|cwd|pid|stdout|stdin|umask)/,
    only: /^(?:main|run|system\/(?:terminal|process))\.ts$/,
  },
  {
    what: 'clock and chance',
    pattern: /\bDate\.now|new Date\(\)|Math\.random/,
    only: /^(?:run|system\/clock)\.ts$/,
  },
  {
    what: 'renaming and linking',
    pattern: /\b(?:renameSync|symlinkSync|fsyncSync|writeFileAtomic)\(/,
    only: /^system\/disk\.ts$/,
  },
  { what: 'plain errors', pattern: /new Error\(/, only: /^$/ },
];

for (const { what, pattern, only } of CONFINED) {
  test(`${what}: only where it belongs`, () => {
    const found = files.filter(
      (file) => !only.test(file) && pattern.test(readFileSync(join('src', file), 'utf8')),
    );
    assert.deepEqual(found, []);
  });
}

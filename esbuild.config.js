// Builds dist/ (what is published: one lazy ESM bundle) and .build/test (the compiled tests).
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

const common = {
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  logLevel: 'warning',
  // The script that runs dnsapi scripts of acme.sh goes into the chunk of that provider.
  loader: { '.sh': 'text' },
  define: { EVERCERT_VERSION: JSON.stringify(version) },
};

/** What the CommonJS packages in the bundle expect: require() for Node's own modules, and the name of their file. */
const banner = {
  js: [
    "import { createRequire as __createRequire } from 'node:module';",
    'const require = __createRequire(import.meta.url);',
    'const __filename = import.meta.filename;',
  ].join('\n'),
};

/** What our libraries load and we never use; each stub says why. */
const alias = {
  axios: './src/acme/axios-stub.ts',
  debug: './src/acme/debug-stub.cjs',
  cliui: './src/cli/yargs-layout-stub.ts',
  'string-width': './src/cli/yargs-layout-stub.ts',
};

async function buildBundle() {
  rmSync('dist', { recursive: true, force: true });
  const { metafile } = await build({
    ...common,
    banner,
    alias,
    entryPoints: ['src/main.ts'],
    outdir: 'dist',
    chunkNames: 'chunk-[name]-[hash]',
    metafile: true,
    legalComments: 'none',
  });
  writeFileSync('dist/THIRD-PARTY-LICENSES', licences(Object.keys(metafile.inputs)));
}

function licences(inputs) {
  const packages = new Set(
    inputs.map((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]).filter(Boolean),
  );
  return [...packages].sort().map(licenceOf).join('\n');
}

function licenceOf(directory) {
  const {
    name,
    version: release,
    license,
  } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name} ${release} (${license})\n\n${file ? readFileSync(join(directory, file), 'utf8') : ''}`;
}

/** Tests are compiled file by file beside their folders' names; packages stay in node_modules. */
async function buildTests() {
  rmSync('.build/test', { recursive: true, force: true });
  const entryPoints = readdirSync('test', { recursive: true })
    .map((path) => join('test', path))
    .filter((path) => /(\.test|demo|bench\/main|preload\/[^/]+|soak\/[^/]+)\.ts$/.test(path));
  if (entryPoints.length === 0) return;
  await build({
    ...common,
    packages: 'external',
    entryPoints,
    outbase: 'test',
    outdir: '.build/test',
    sourcemap: 'linked',
  });
}

export async function buildAll() {
  await Promise.all([buildBundle(), buildTests()]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await buildAll();

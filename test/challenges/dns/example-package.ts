import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type FakeApi, SECRET, serveApi, ZONE } from '../../support/dns-apis/server.ts';

/** Writes the package of docs/dns.md into a directory of packages, as it stands there. */
export function installExample(nodeModules: string): void {
  const place = `${nodeModules}/evercert-dns-example`;
  mkdirSync(place, { recursive: true });
  writeFileSync(`${place}/package.json`, fenced('json'));
  writeFileSync(`${place}/index.js`, fenced('js'));
}

function fenced(language: string): string {
  const page = readFileSync('docs/dns.md', 'utf8');
  const [, text] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'ms').exec(page) ?? [];
  return text ?? assert.fail(`there is no ${language} in the page`);
}

/** The API that the example is made for. */
export async function serveExample(t: TestContext): Promise<FakeApi> {
  const records = new Map<string, Set<string>>();
  const setOf = (name: string) => {
    const values = records.get(name) ?? new Set();
    records.set(name, values);
    return values;
  };
  const api = await serveApi(t, ({ method, path, headers, text }) => {
    if (headers.authorization !== `Bearer ${SECRET}`)
      return { status: 403, text: `no such token: ${headers.authorization}` };
    const name = new RegExp(`^/zones/${ZONE}/txt/(.+)$`).exec(path)?.[1];
    if (name === undefined) return { status: 404, text: path };
    if (method === 'POST') setOf(name).add(text);
    if (method === 'DELETE') setOf(name).delete(text);
    return { status: 200, json: {} };
  });
  return {
    ...api,
    credentials: { token: SECRET, api_url: api.url },
    values: (name) => [...setOf(name)],
    put: (name, value) => void setOf(name).add(value),
  };
}

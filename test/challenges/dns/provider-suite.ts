import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type {
  DnsProvider,
  ProviderDefinition,
  ProviderEdges,
  TxtRecord,
} from '../../../src/challenges/dns/provider.ts';
import { createHttpSender } from '../../../src/system/http.ts';
import { type ApiReply, type FakeApi, SECRET, ZONE } from '../../support/dns-apis/server.ts';
import { freePort } from '../../support/rig/ports.ts';
import { NOW } from '../../unit-kit/clock.ts';
import { assertPrintable, NEVER, rejection } from '../../unit-kit/expect.ts';

export interface ProviderUnderTest {
  readonly provider: ProviderDefinition;
  /** Serves its API, whose one zone is ZONE and whose one secret is SECRET. */
  readonly serve: (t: TestContext) => Promise<FakeApi>;
  /** The API's own words for a wrong secret. */
  readonly refusal: RegExp;
  /** A refusal in the API's own form, with these words in it: JSON, or a text. */
  readonly saying: (words: string) => unknown;
  /** Where the secret is another than SECRET: it, and credentials with a wrong one. */
  readonly secret?: string;
  readonly wrong?: (credentials: FakeApi['credentials']) => FakeApi['credentials'];
}

/** One value is another. */
function withWrongSecret(credentials: FakeApi['credentials']): FakeApi['credentials'] {
  const wrong = Object.entries(credentials).map(([key, value]) => [
    key,
    value === SECRET ? 'Wr0ng-secret' : value,
  ]);
  return Object.fromEntries(wrong);
}

const NAME = `_acme-challenge.www.${ZONE}`;
const LIMITS = { connectTimeoutMs: 5000, timeoutMs: 5000, maxBytes: 1 << 16, maxSockets: 2 };

export const record = (value: string, name = NAME): TxtRecord => ({
  name,
  value,
  challenge: { name: `www.${ZONE}`, isWildcard: false, token: 't', keyAuthorization: 'k', accountUrl: 'u' },
});

/** The real network, a made up clock; zones end where `zones` say. */
export function edgesFor(t: TestContext, zone = ZONE): ProviderEdges & { readonly slept: number[] } {
  const http = createHttpSender(LIMITS, undefined, {});
  t.after(http.close);
  const slept: number[] = [];
  const unused = () => assert.fail('is not used');
  return {
    request: ({ headers = {}, ...rest }) => http.send({ headers, ...rest }, NEVER),
    zoneOf: async () => zone,
    dns: unused,
    exchange: unused,
    run: unused,
    now: () => NOW,
    sleep: async (ms) => void slept.push(ms),
    slept,
  };
}

/** What every provider that speaks JSON over HTTPS must hold to. */
export function testProvider({ provider, serve, refusal, ...more }: ProviderUnderTest): void {
  const { name } = provider;
  const { secret = SECRET, wrong = withWrongSecret } = more;
  const saying = (words: string): Pick<ApiReply, 'json' | 'text'> => {
    const body = more.saying(words);
    return typeof body === 'string' ? { text: body } : { json: body };
  };
  const check = (what: string, run: (api: FakeApi, dns: DnsProvider, t: TestContext) => Promise<void>) =>
    test(`${name}: ${what}`, async (t) => {
      const api = await serve(t);
      await run(api, provider.create(api.credentials, edgesFor(t)), t);
    });

  check('add, add again, remove, remove again', async (api, dns) => {
    await dns.add(record('one'));
    await dns.add(record('one'));
    assert.deepEqual(api.values(NAME), ['one']);
    await dns.remove(record('one'), undefined);
    await dns.remove(record('one'), undefined);
    assert.deepEqual(api.values(NAME), []);
  });

  check('base name and wildcard together, in one record name', async (api, dns) => {
    const traces = [await dns.add(record('base')), await dns.add(record('wildcard'))];
    assert.deepEqual(api.values(NAME).sort(), ['base', 'wildcard']);
    await dns.remove(record('base'), traces[0]);
    assert.deepEqual(api.values(NAME), ['wildcard']);
    await dns.remove(record('wildcard'), traces[1]);
    assert.deepEqual(api.values(NAME), []);
  });

  check('what is not ours stays', async (api, dns) => {
    api.put(NAME, 'foreign "quoted" \\ value');
    api.put(ZONE, 'v=spf1 -all');
    api.put(`www.${ZONE}`, 'one');
    const trace = await dns.add(record('one'));
    assert.deepEqual(api.values(NAME).sort(), ['foreign "quoted" \\ value', 'one']);
    await dns.remove(record('one'), trace);
    await dns.remove(record('never added'), undefined);
    assert.deepEqual(api.values(NAME), ['foreign "quoted" \\ value']);
    assert.deepEqual([api.values(ZONE), api.values(`www.${ZONE}`)], [['v=spf1 -all'], ['one']]);
  });

  check('at the top of the zone', async (api, dns) => {
    const trace = await dns.add(record('one', ZONE));
    assert.deepEqual(api.values(ZONE), ['one']);
    await dns.remove(record('one', ZONE), trace);
    assert.deepEqual(api.values(ZONE), []);
  });

  const refused = async (promise: Promise<unknown>) => {
    const error = await rejection(promise, 'dns-provider');
    assert.match(error.message, new RegExp(`^${name}: `));
    for (const text of [error.message, error.hint]) assertPrintable(text);
    assert.ok(!`${error.message} ${error.hint}`.includes(secret));
    assert.doesNotMatch(`${error.message} ${error.hint}`, /Wr0ng/);
    return error;
  };

  check('a wrong secret: in the words of the API, without it', async (api, _, t) => {
    const dns = provider.create(wrong(api.credentials), edgesFor(t));
    assert.match((await refused(dns.add(record('one')))).message, refusal);
    assert.match((await refused(dns.remove(record('one'), undefined))).message, refusal);
    assert.deepEqual(api.values(NAME), []);
  });

  check('a zone that the account has not', async (api, _, t) => {
    const dns = provider.create(api.credentials, edgesFor(t, 'absent.example'));
    await refused(dns.add(record('one', '_acme-challenge.absent.example')));
  });

  check('a name that is not in the zone', async (api, _, t) => {
    const dns = provider.create(api.credentials, edgesFor(t));
    await dns.add(record('one', '_acme-challenge.other.example')).then(
      () => assert.fail('it was written'),
      () => assert.deepEqual(api.values('_acme-challenge.other.example'), []),
    );
  });

  check('429: waits as long as is asked for, and goes on', async (api, _, t) => {
    const edges = edgesFor(t);
    const limited = { status: 429, headers: { 'retry-after': '7' }, ...saying('slow down') };
    api.answer(limited, { ...limited, headers: {} });
    await provider.create(api.credentials, edges).add(record('one'));
    assert.deepEqual(edges.slept.slice(0, 2), [7000, 4000]);
    assert.deepEqual(api.values(NAME), ['one']);
  });

  check('429 without end, or for too long: says so', async (api, _, t) => {
    const edges = edgesFor(t);
    const dns = provider.create(api.credentials, edges);
    api.answerAll({ status: 429, headers: { 'retry-after': '86400' }, ...saying('slow down') });
    assert.match((await refused(dns.add(record('one')))).message, /429 .*86400 s.*slow down/);
    assert.deepEqual(edges.slept, []);
    api.answerAll({ status: 429, ...saying('slow down') });
    await refused(dns.remove(record('one'), undefined));
    assert.ok(edges.slept.length < 10);
  });

  const HOSTILE: Readonly<Record<string, ApiReply>> = {
    '500 in its own form': { status: 500, ...saying('internal error') },
    '502 of a proxy': { status: 502, text: '<html>Bad Gateway</html>' },
    'HTML with status 200': { status: 200, text: '<html>Please log in</html>' },
    'a redirect': { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
    'cut JSON': { status: 200, text: '{"result": [' },
    'a cut answer': { status: 200, json: { padding: 'x'.repeat(1000) }, cutAfter: 20 },
    'a huge answer': { status: 200, json: { padding: 'x'.repeat(1 << 17) } },
    'a huge refusal': { status: 400, ...saying('x'.repeat(60_000)) },
    'control characters': { status: 403, ...saying('\x1b[2J\x07no\r\n\u202e access') },
    'our own secret': { status: 403, ...saying(`not allowed: ${secret}`) },
    'JSON without sense': { status: 200, json: [null] },
  };
  for (const [what, reply] of Object.entries(HOSTILE)) {
    check(`${what}, from the first request on`, async (api, dns) => {
      api.answerAll(reply);
      const { message } = await refused(dns.add(record('one')));
      assert.ok(message.length < 600, `${message.length}`);
      if (reply.status >= 400) assert.ok(message.includes(String(reply.status)), message);
      await refused(dns.remove(record('one'), undefined));
    });
  }

  const FATAL = ['500 in its own form', 'HTML with status 200', 'a cut answer'];
  check('each request of an addition and of a removal goes wrong', async (api, _, t) => {
    const edges = edgesFor(t);
    const count = async (work: () => Promise<unknown>) => {
      const before = api.requests.length;
      await work();
      return api.requests.length - before;
    };
    const fresh = () => provider.create(api.credentials, edges);
    const additions = await count(() => fresh().add(record('one')));
    const removals = await count(() => fresh().remove(record('one'), undefined));
    assert.ok(additions > 0 && removals > 0);
    for (const reply of FATAL.map((each) => HOSTILE[each])) {
      for (let sound = 0; sound < additions; sound++) {
        api.answer(...new Array(sound).fill(undefined), reply);
        await refused(fresh().add(record(`${sound}`)));
        await fresh().remove(record(`${sound}`), undefined);
      }
      for (let sound = 0; sound < removals; sound++) {
        await fresh().add(record(`${sound}`));
        api.answer(...new Array(sound).fill(undefined), reply);
        await refused(fresh().remove(record(`${sound}`), undefined));
        await fresh().remove(record(`${sound}`), undefined);
      }
    }
    assert.deepEqual(api.values(NAME), []);
  });

  check('nobody there: of the provider, not of the CA', async (api, _, t) => {
    const credentials = { ...api.credentials, api_url: `http://127.0.0.1:${await freePort()}` };
    const dns = provider.create(credentials, edgesFor(t));
    assert.match((await refused(dns.add(record('one')))).message, /connection refused/);
  });
}

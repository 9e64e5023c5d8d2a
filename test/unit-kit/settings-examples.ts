import type { Settings } from '../../src/lineage/settings.ts';
import { SETTINGS } from './examples.ts';

const names = (count: number) => Array.from({ length: count }, (_, index) => `h${index}.example`);
const webroot = { type: 'webroot', roots: { 'a.example': '/var/www/html' } } as const;

/** Settings that the code and docs/settings.schema.json both take. */
export const SETTINGS_TAKEN = {
  'the least that there is': SETTINGS,
  'all that there is': {
    ...SETTINGS,
    challenge: webroot,
    key: { type: 'rsa', bits: 4096 },
    reuseKey: true,
    keyMode: '0640',
    keyGroup: 'ssl-cert',
    preferredChain: 'ISRG Root X1',
    caBundle: '/etc/ca.pem',
    hooks: { pre: 'true', deploy: 'systemctl reload nginx', post: 'true' },
    keepVersions: 5,
    fallbackServers: ['https://other.example/dir'],
    preferredProfile: 'shortlived',
    renewBefore: '33%',
    allowSubsetOfNames: true,
    verify: ['a.example:443', 'unix:/run/x.sock,starttls=smtp'],
  },
  'a required profile': { ...SETTINGS, requiredProfile: 'tlsserver' },
  'a reload hook': { ...SETTINGS, hooks: { reload: 'systemctl reload nginx' } },
  'renewal before hours': { ...SETTINGS, renewBefore: '72h' },
  'a standalone server on an address': {
    ...SETTINGS,
    challenge: { type: 'standalone', port: 65_535, address: '::1' },
  },
  'a standalone server on all addresses': {
    ...SETTINGS,
    challenge: { type: 'standalone', port: 1, address: '' },
  },
  'no roots yet': { ...SETTINGS, challenge: { type: 'webroot', roots: {} } },
  'a hundred names': { ...SETTINGS, names: names(100) },
  'an IP address': { ...SETTINGS, names: ['192.0.2.1', '2001:db8::1'] },
  'no hooks': { ...SETTINGS, hooks: {} },
  'P-521': { ...SETTINGS, key: { type: 'ecdsa', curve: 'P-521' } },
  'a CA without TLS': { ...SETTINGS, server: 'http://127.0.0.1:14000/dir' },
  'the most versions': { ...SETTINGS, keepVersions: 1000 },
} as const satisfies Record<string, Settings>;

const { names: _, ...nameless } = SETTINGS;
const { key: __, ...keyless } = SETTINGS;
const { challenge: ___, ...unproven } = SETTINGS;

/** Settings that both refuse. */
export const SETTINGS_REFUSED: Record<string, unknown> = {
  'no object': [SETTINGS],
  nothing: null,
  'another version': { ...SETTINGS, version: 2 },
  'a version in quotes': { ...SETTINGS, version: '1' },
  'an unknown field': { ...SETTINGS, keymode: '0640' },
  'no names': nameless,
  'an empty list of names': { ...SETTINGS, names: [] },
  'too many names': { ...SETTINGS, names: names(101) },
  'a name that is no text': { ...SETTINGS, names: [7] },
  'a name that is too long': { ...SETTINGS, names: ['a'.repeat(4097)] },
  'no key': keyless,
  'no challenge': unproven,
  'a server of another scheme': { ...SETTINGS, server: 'ftp://ca.example/' },
  'a server that is a word': { ...SETTINGS, server: 'letsencrypt' },
  'an unknown challenge': { ...SETTINGS, challenge: { type: 'dns-01' } },
  'standalone without a port': { ...SETTINGS, challenge: { type: 'standalone' } },
  'port 0': { ...SETTINGS, challenge: { type: 'standalone', port: 0 } },
  'port 65536': { ...SETTINGS, challenge: { type: 'standalone', port: 65_536 } },
  'half a port': { ...SETTINGS, challenge: { type: 'standalone', port: 80.5 } },
  'standalone with roots': { ...SETTINGS, challenge: { type: 'standalone', port: 80, roots: {} } },
  'a webroot without roots': { ...SETTINGS, challenge: { type: 'webroot' } },
  'a root that is not absolute': {
    ...SETTINGS,
    challenge: { type: 'webroot', roots: { 'a.example': 'www' } },
  },
  'a root that is empty': { ...SETTINGS, challenge: { type: 'webroot', roots: { 'a.example': '' } } },
  'an unknown key type': { ...SETTINGS, key: { type: 'ed25519' } },
  'an unknown curve': { ...SETTINGS, key: { type: 'ecdsa', curve: 'P-192' } },
  'an ECDSA key with bits': { ...SETTINGS, key: { type: 'ecdsa', curve: 'P-256', bits: 2048 } },
  'an unknown RSA size': { ...SETTINGS, key: { type: 'rsa', bits: 1024 } },
  'reuseKey that is no boolean': { ...SETTINGS, reuseKey: 'yes' },
  'a mode that is a number': { ...SETTINGS, keyMode: 640 },
  'a mode without its zero': { ...SETTINGS, keyMode: '640' },
  'a mode that is not octal': { ...SETTINGS, keyMode: '0680' },
  'a mode that gives others something': { ...SETTINGS, keyMode: '0644' },
  'a mode with more bits': { ...SETTINGS, keyMode: '04755' },
  'a group that looks like a flag': { ...SETTINGS, keyGroup: '-g' },
  'a group with a colon': { ...SETTINGS, keyGroup: 'a:b' },
  'a chain without a name': { ...SETTINGS, preferredChain: '' },
  'a CA bundle that is not absolute': { ...SETTINGS, caBundle: 'ca.pem' },
  'an unknown hook': { ...SETTINGS, hooks: { renew: 'true' } },
  'an empty hook': { ...SETTINGS, hooks: { deploy: '' } },
  'a hook that is too long': { ...SETTINGS, hooks: { deploy: 'x'.repeat(4097) } },
  'a hook that is a list': { ...SETTINGS, hooks: { deploy: ['true'] } },
  'a fallback that is a word': { ...SETTINGS, fallbackServers: ['zerossl'] },
  'too many fallbacks': { ...SETTINGS, fallbackServers: Array(11).fill(SETTINGS.server) },
  'a profile with a blank': { ...SETTINGS, preferredProfile: 'short lived' },
  'an empty profile': { ...SETTINGS, requiredProfile: '' },
  'renewal before a number': { ...SETTINGS, renewBefore: 30 },
  'renewal before weeks': { ...SETTINGS, renewBefore: '4w' },
  'renewal before nothing': { ...SETTINGS, renewBefore: '0d' },
  'a check that is no list': { ...SETTINGS, verify: 'a.example:443' },
  'no versions kept': { ...SETTINGS, keepVersions: 0 },
  'too many versions kept': { ...SETTINGS, keepVersions: 1001 },
};

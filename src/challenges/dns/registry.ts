import { EvercertError } from '../../errors.ts';
import type { ProviderDefinition } from './provider.ts';

/** What `provider` in settings may be, beside packages of others. Each is loaded when a name is proven with it. */
const NATIVE: Readonly<Record<string, () => Promise<{ readonly provider: ProviderDefinition }>>> = {
  'acme-dns': () => import('./providers/acme-dns.ts'),
  azure: () => import('./providers/azure.ts'),
  cloudflare: () => import('./providers/cloudflare.ts'),
  desec: () => import('./providers/desec.ts'),
  digitalocean: () => import('./providers/digitalocean.ts'),
  exec: () => import('./providers/exec.ts'),
  gandi: () => import('./providers/gandi.ts'),
  google: () => import('./providers/google.ts'),
  hetzner: () => import('./providers/hetzner.ts'),
  httpreq: () => import('./providers/httpreq.ts'),
  ovh: () => import('./providers/ovh.ts'),
  rfc2136: () => import('./providers/rfc2136.ts'),
  route53: () => import('./providers/route53.ts'),
};

/** Providers of the form FAMILY:MEMBER. */
const FAMILIES: Readonly<Record<string, (member: string) => Promise<ProviderDefinition>>> = {
  acmesh: async (script) => (await import('./providers/acmesh.ts')).acmeshProvider(script),
};

export const NATIVE_PROVIDERS = Object.keys(NATIVE);

export interface RegistryEdges {
  /**
   * The exports of an installed npm package; undefined when it is not installed.
   *
   * @throws whatever its code throws
   */
  readonly loadPackage: (name: string) => Promise<unknown>;
}

/**
 * @param provider as in settings: the name of a native one, acmesh:dns_xx, or NAME of an npm package evercert-dns-NAME
 * @throws EvercertError bad-settings: there is no such provider, or its package is not one
 */
export async function findProvider(provider: string, edges: RegistryEdges): Promise<ProviderDefinition> {
  if (Object.hasOwn(NATIVE, provider)) return (await NATIVE[provider]?.())?.provider as ProviderDefinition;
  const [family = '', member] = provider.split(':', 2);
  if (member === undefined) {
    const { loadForeignProvider } = await import('./foreign-provider.ts');
    return loadForeignProvider(provider, edges.loadPackage, NATIVE_PROVIDERS);
  }
  const find = Object.hasOwn(FAMILIES, family) ? FAMILIES[family] : undefined;
  if (find !== undefined && member !== '') return find(member);
  const families = Object.keys(FAMILIES).map((name) => `${name}:…`);
  throw new EvercertError(
    'bad-settings',
    `there is no DNS provider ${provider}`,
    `There are ${[...NATIVE_PROVIDERS, ...families].join(', ')}, and npm packages evercert-dns-… (docs/dns.md).`,
  );
}

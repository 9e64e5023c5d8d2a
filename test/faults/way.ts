import { at, everywhere, type Fault } from './fault.ts';

/** The way to the CA. */
export const way: readonly Fault[] = [
  { name: 'connection refused', arm: (site) => site.proxy.refuse(), told: /connection refused/ },
  { name: 'every connection reset', arm: everywhere({ kind: 'drop' }), told: /was cut off/ },
  { name: 'reset once at the directory', arm: at('directory', { kind: 'drop' }), isBorne: true },
  { name: 'reset once at newOrder', arm: at('newOrder', { kind: 'drop' }), told: /was cut off/ },
  { name: 'reset once while polling', arm: at('order', { kind: 'drop' }), isBorne: true },
  {
    name: 'hang everywhere',
    arm: everywhere({ kind: 'hang' }),
    told: /did not answer within 30 s/,
    isSlow: true,
  },
  {
    name: 'hang at newOrder',
    arm: at('newOrder', { kind: 'hang' }),
    told: /did not answer within 30 s/,
    isSlow: true,
  },
  {
    name: 'TLS expired',
    arm: (site) => site.proxy.showCertificate('expired'),
    told: /TLS certificate .* refused: certificate has expired/,
  },
  {
    name: 'TLS for another host',
    arm: (site) => site.proxy.showCertificate('wrong-host'),
    told: /TLS certificate .* refused: .*(altnames|elsewhere)/,
  },
  {
    name: 'TLS by an unknown root',
    arm: (site) => site.proxy.showCertificate('untrusted'),
    told: /TLS certificate .* refused[\s\S]*--ca-bundle/,
  },
  {
    name: 'DNS does not resolve',
    arm: () => undefined,
    statements: [
      'const dns=(await import("node:dns")).default,ask=dns.lookup',
      'dns.lookup=(name,...rest)=>ask("ca.evercert.invalid",...rest)',
    ],
    told: /its name does not resolve/,
  },
];

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromCertbot } from '../../src/cli/certbot-words.ts';
import { failure } from '../unit-kit/expect.ts';

const SAID: Readonly<Record<string, string>> = {
  '-d a.example --standalone': '-d a.example --standalone',
  '-a standalone -d a': '--standalone -d a',
  '-d -a.example --dns -a': '-d -a.example --dns -a',
  '-astandalone': '--standalone',
  '--authenticator=webroot -w /x': '--webroot -w /x',
  '--authenticator manual': '--manual',
  '-a dns-hetzner': '--dns-provider=hetzner',
  '--dns-cloudflare --dns-cloudflare-credentials /x': '--dns-provider=cloudflare --dns-credentials=/x',
  '--dns-linode --dns-linode-credentials /x': '--dns-provider=linode --dns-credentials=/x',
  '--dns-rfc2136-credentials=/x': '--dns-credentials=/x',
  '--dns-route53 --dns-route53-propagation-seconds 30 -q': '--dns-provider=route53 -q',
  '--dns-google-propagation-seconds=600': '--dns-propagation-timeout=600',
  '--dns-google-propagation-seconds x': '--dns-propagation-timeout=x',
  '--dns cloudflare --dns-credentials /x': '--dns cloudflare --dns-credentials /x',
};

for (const [theirs, ours] of Object.entries(SAID)) {
  test(`${theirs} is ${ours}`, () =>
    assert.deepEqual(fromCertbot('certonly', theirs.split(' ')), ours.split(' ')));
}

for (const line of [
  ...['-a nginx', '--authenticator=apache', '-a dns-', '-a', '-a -q', '--dns-cloudflare-credentials'],
  '--dns-cloudflare-credentials --dns-cloudflare',
  '--dns-google-propagation-seconds',
]) {
  test(`refused: ${line}`, () => {
    failure(() => fromCertbot('certonly', line.split(' ')), 'usage');
  });
}

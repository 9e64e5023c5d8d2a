import * as cloudflare from '../../../src/challenges/dns/providers/cloudflare.ts';
import * as desec from '../../../src/challenges/dns/providers/desec.ts';
import * as digitalocean from '../../../src/challenges/dns/providers/digitalocean.ts';
import * as gandi from '../../../src/challenges/dns/providers/gandi.ts';
import * as hetzner from '../../../src/challenges/dns/providers/hetzner.ts';
import * as cloudflareApi from '../../support/dns-apis/cloudflare.ts';
import * as desecApi from '../../support/dns-apis/desec.ts';
import * as digitaloceanApi from '../../support/dns-apis/digitalocean.ts';
import * as gandiApi from '../../support/dns-apis/gandi.ts';
import * as hetznerApi from '../../support/dns-apis/hetzner.ts';
import { testProvider } from './provider-suite.ts';

testProvider({
  ...cloudflare,
  serve: cloudflareApi.serveCloudflare,
  refusal: /403: Invalid access token \(9109\)/,
  saying: cloudflareApi.saying,
});
testProvider({
  ...desec,
  serve: desecApi.serveDesec,
  refusal: /401: Invalid token\./,
  saying: desecApi.saying,
});
testProvider({
  ...digitalocean,
  serve: digitaloceanApi.serveDigitalOcean,
  refusal: /401: Unable to authenticate you \(Unauthorized\)/,
  saying: digitaloceanApi.saying,
});
testProvider({
  ...gandi,
  serve: gandiApi.serveGandi,
  refusal: /403: Access was denied to this resource\./,
  saying: gandiApi.saying,
});
testProvider({
  ...hetzner,
  serve: hetznerApi.serveHetzner,
  refusal: /401: unable to authenticate \(unauthorized\)/,
  saying: hetznerApi.saying,
});

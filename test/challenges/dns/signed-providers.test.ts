import * as route53 from '../../../src/challenges/dns/providers/route53.ts';
import * as route53Api from '../../support/dns-apis/route53.ts';
import { testProvider } from './provider-suite.ts';

testProvider({
  ...route53,
  serve: route53Api.serveRoute53,
  refusal: /403: SignatureDoesNotMatch: The request signature we calculated does not match/,
  saying: route53Api.saying,
});

import * as azure from '../../../src/challenges/dns/providers/azure.ts';
import * as google from '../../../src/challenges/dns/providers/google.ts';
import * as ovh from '../../../src/challenges/dns/providers/ovh.ts';
import * as route53 from '../../../src/challenges/dns/providers/route53.ts';
import * as azureApi from '../../support/dns-apis/azure.ts';
import * as googleApi from '../../support/dns-apis/google.ts';
import * as ovhApi from '../../support/dns-apis/ovh.ts';
import * as route53Api from '../../support/dns-apis/route53.ts';
import { testProvider } from './provider-suite.ts';

testProvider({
  ...route53,
  serve: route53Api.serveRoute53,
  refusal: /403: SignatureDoesNotMatch: The request signature we calculated does not match/,
  saying: route53Api.saying,
});
testProvider({
  ...google,
  serve: googleApi.serveGoogle,
  refusal: /400: invalid_grant Invalid JWT Signature\./,
  saying: googleApi.saying,
  secret: googleApi.GOOGLE_SECRET,
  wrong: googleApi.wrongGoogle,
});
testProvider({
  ...azure,
  serve: azureApi.serveAzure,
  refusal: /401: invalid_client: AADSTS7000215: Invalid client secret provided\./,
  saying: azureApi.saying,
});
testProvider({
  ...ovh,
  serve: ovhApi.serveOvh,
  refusal: /400: Invalid signature/,
  saying: ovhApi.saying,
});

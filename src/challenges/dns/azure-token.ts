import * as v from 'valibot';
import { cached } from './once.ts';
import type { ProviderEdges } from './provider.ts';
import { checkedUrl, type Rest } from './rest.ts';

interface AzureCloud {
  readonly login: string;
  readonly api: string;
}

export const AZURE_CLOUDS: Readonly<Record<string, AzureCloud>> = {
  public: { login: 'https://login.microsoftonline.com', api: 'https://management.azure.com' },
  china: { login: 'https://login.chinacloudapi.cn', api: 'https://management.chinacloudapi.cn' },
  usgovernment: { login: 'https://login.microsoftonline.us', api: 'https://management.usgovcloudapi.net' },
};

const TokenSchema = v.object({
  access_token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,16384}$/)),
  expires_in: v.pipe(v.number(), v.minValue(0), v.maxValue(172_800)),
});

/** Tokens of an application (OAuth 2.0 client credentials, Microsoft identity platform v2.0). */
export function azureToken(
  given: Readonly<Record<string, string>>,
  cloud: AzureCloud,
  rest: Rest,
  { now }: Pick<ProviderEdges, 'now'>,
): () => Promise<string> {
  const login = checkedUrl('azure', given.login_url ?? cloud.login);
  const url = `${login}/${encodeURIComponent(given.tenant_id ?? '')}/oauth2/v2.0/token`;
  const form = {
    grant_type: 'client_credentials',
    client_id: given.client_id ?? '',
    client_secret: given.client_secret ?? '',
    scope: `${cloud.api}/.default`,
  };
  return cached(async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams(form).toString();
    const response = await rest.ask({ method: 'POST', url, headers, body });
    const { access_token: value, expires_in: seconds } = rest.read(TokenSchema, response);
    rest.hide(value);
    return { value, until: now() + seconds * 1000 };
  }, now);
}

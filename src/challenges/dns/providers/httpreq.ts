import type { HttpResponse } from '../../../system/http.ts';
import type { ProviderDefinition, TxtRecord } from '../provider.ts';
import { createRest, ownServerUrl } from '../rest.ts';

/** A server of one's own, asked as lego's httpreq does. */
export const provider: ProviderDefinition = {
  name: 'httpreq',
  credentials: [
    { name: 'endpoint', variables: ['HTTPREQ_ENDPOINT'], help: 'URL before /present and /cleanup' },
    {
      name: 'mode',
      variables: ['HTTPREQ_MODE'],
      optional: true,
      help: 'RAW: it is told domain, token and keyAuth instead of fqdn and value',
    },
    { name: 'username', variables: ['HTTPREQ_USERNAME'], optional: true, help: 'for Basic' },
    { name: 'password', variables: ['HTTPREQ_PASSWORD'], optional: true, help: 'for Basic' },
  ],
  create: ({ endpoint = '', mode, username, password }, edges) => {
    const hasLogin = username !== undefined && password !== undefined;
    const login = hasLogin ? Buffer.from(`${username}:${password}`).toString('base64') : '';
    const base = ownServerUrl('httpreq', endpoint);
    const explain = ({ body }: HttpResponse) => (body.trimStart().startsWith('<') ? undefined : body);
    const rest = createRest({ provider: 'httpreq', secrets: [password ?? '', login], explain }, edges);
    const post = async (action: 'present' | 'cleanup', record: TxtRecord) => {
      const url = new URL(base);
      url.pathname = `${url.pathname.replace(/\/+$/, '')}/${action}`;
      await rest.ask({
        method: 'POST',
        url: url.href,
        headers: {
          'content-type': 'application/json',
          ...(hasLogin && { authorization: `Basic ${login}` }),
        },
        body: JSON.stringify(mode === 'RAW' ? rawMessage(record) : message(record)),
      });
    };
    return {
      add: async (record) => {
        await post('present', record);
        return undefined;
      },
      remove: (record) => post('cleanup', record),
    };
  },
};

function message({ name, value }: TxtRecord) {
  return { fqdn: `${name}.`, value };
}

function rawMessage({ challenge: { name, token, keyAuthorization } }: TxtRecord) {
  return { domain: name, token, keyAuth: keyAuthorization };
}

import type { ProviderDefinition, TxtRecord } from '../provider.ts';
import { createApi } from '../rest.ts';

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
    const api = createApi(
      {
        name: 'httpreq',
        secrets: [password ?? '', login],
        wordsOf: ({ body }) => (body.trimStart().startsWith('<') ? undefined : body),
        rights: 'Check HTTPREQ_USERNAME and HTTPREQ_PASSWORD.',
      },
      edges,
    );
    if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint))
      throw api.failure('endpoint is no URL', 'It is like https://dns.example.net/acme.');
    const post = async (action: 'present' | 'cleanup', record: TxtRecord) => {
      const url = new URL(endpoint);
      url.pathname = `${url.pathname.replace(/\/+$/, '')}/${action}`;
      await api.ask(`${action} of ${record.name}`, {
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

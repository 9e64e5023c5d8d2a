import * as v from 'valibot';
import { EvercertError } from '../../../errors.ts';
import type { HttpResponse } from '../../../system/http.ts';
import type { ProviderDefinition, ProviderEdges, TxtRecord } from '../provider.ts';
import { createRest, jsonOf, ownServerUrl, type Rest } from '../rest.ts';

const Header = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,200}$/));
const AccountSchema = v.object({
  fulldomain: v.pipe(v.string(), v.toLowerCase(), v.regex(/^[a-z0-9._-]{1,253}$/)),
  subdomain: Header,
  username: Header,
  password: Header,
  server_url: v.optional(v.string()),
});
const AccountsSchema = v.pipe(
  v.unknown(),
  v.check((value) => !Array.isArray(value)),
  v.record(v.string(), AccountSchema),
);
const AnswerSchema = v.object({ txt: v.string() });
const ErrorSchema = v.object({ error: v.string() });

type Account = v.InferOutput<typeof AccountSchema>;

/** acme-dns: a server for challenges alone, that a CNAME of each _acme-challenge leads to. It keeps the last two values. */
export const provider: ProviderDefinition = {
  name: 'acme-dns',
  credentials: [
    {
      name: 'accounts',
      variables: ['ACME_DNS_STORAGE_PATH', 'ACME_DNS_ACCOUNTS'],
      wholeFile: true,
      help: 'the storage file (JSON) of lego, acme-dns-client and others',
    },
    {
      name: 'api_url',
      variables: ['ACME_DNS_API_BASE'],
      optional: true,
      help: 'URL of the server, for accounts without server_url',
    },
  ],
  create: ({ accounts: text = '', api_url: apiUrl }, edges) => {
    const accounts = accountsOf(text);
    const secrets = Object.values(accounts).map(({ password }) => password);
    const rest = createRest({ provider: 'acme-dns', secrets, explain }, edges);
    return {
      add: async (record) => {
        const account = accountFor(accounts, record);
        await checkDelegation(account, record, edges, rest);
        await update(account, account.server_url ?? apiUrl, record, rest);
        return undefined;
      },
      // Nothing can be removed there; the next values replace these.
      remove: async () => undefined,
    };
  },
};

/** @throws EvercertError credentials-missing */
function accountsOf(text: string): Readonly<Record<string, Account>> {
  const result = v.safeParse(AccountsSchema, jsonOf(text), { abortEarly: true });
  if (result.success) return result.output;
  throw new EvercertError(
    'credentials-missing',
    'acme-dns: what is given is no storage file of acme-dns accounts',
    'It is JSON: {"example.org": {"fulldomain": …, "subdomain": …, "username": …, "password": …, "server_url": …}} (docs/dns.md).',
  );
}

/** By the target of the CNAME, if that was followed; else by the name that is proven. */
function accountFor(accounts: Readonly<Record<string, Account>>, { name, challenge }: TxtRecord): Account {
  const byTarget = Object.values(accounts).find(({ fulldomain }) => fulldomain === name);
  const byName = Object.hasOwn(accounts, challenge.name) ? accounts[challenge.name] : undefined;
  const account = byTarget ?? byName;
  if (account !== undefined) return account;
  throw new EvercertError(
    'dns-provider',
    `acme-dns: there is no account for ${challenge.name} in the storage file`,
    `Register one (curl -X POST SERVER/register), add what it answers under "${challenge.name}", and make the CNAME: docs/dns.md shows how.`,
  );
}

/** The record must be where the CA is led to. */
async function checkDelegation(
  { fulldomain }: Account,
  { name, challenge }: TxtRecord,
  edges: ProviderEdges,
  { failed }: Rest,
): Promise<void> {
  if (name === fulldomain) return;
  const isFollowed = !name.endsWith(`.${challenge.name}`);
  const target = isFollowed ? name : (await (await edges.dns()).cname(name))?.toLowerCase();
  if (target === fulldomain) return;
  const own = isFollowed ? `_acme-challenge.${challenge.name}` : name;
  throw failed(
    `${own} ${target === undefined ? 'is no CNAME' : `leads to ${target}`}, and not to the account of ${challenge.name}`,
    `Create this record once: ${own}. CNAME ${fulldomain}.`,
  );
}

async function update(
  account: Account,
  server: string | undefined,
  record: TxtRecord,
  rest: Rest,
): Promise<void> {
  if (server === undefined)
    throw rest.failed(
      `the account of ${record.challenge.name} has no server_url`,
      'Add "server_url": "https://…" to it in the storage file, or set ACME_DNS_API_BASE.',
    );
  const response = await rest.ask({
    method: 'POST',
    url: `${ownServerUrl('acme-dns', server)}/update`,
    headers: {
      'content-type': 'application/json',
      'x-api-user': account.username,
      'x-api-key': account.password,
    },
    body: JSON.stringify({ subdomain: account.subdomain, txt: record.value }),
  });
  const { txt } = rest.read(AnswerSchema, response);
  if (txt !== record.value) throw rest.senseless('the server took another value');
}

function explain({ body }: HttpResponse): string | undefined {
  const result = v.safeParse(ErrorSchema, jsonOf(body));
  return result.success ? result.output.error : undefined;
}

import { onceEach } from '../once.ts';
import type { ProviderDefinition, TxtRecord } from '../provider.ts';
import { createRoute53Api, zoneIdOf } from '../route53-api.ts';
import { quoted, untilWritten, withoutValue, withValue } from '../value-set.ts';

const TTL = '60';

export const provider: ProviderDefinition = {
  name: 'route53',
  credentials: [
    {
      name: 'access_key_id',
      variables: ['AWS_ACCESS_KEY_ID', 'aws_access_key_id'],
      optional: true,
      help: 'key of an IAM user; without one, the role of the container or EC2 instance serves',
    },
    {
      name: 'secret_access_key',
      variables: ['AWS_SECRET_ACCESS_KEY', 'aws_secret_access_key'],
      optional: true,
      help: 'its secret',
    },
    {
      name: 'session_token',
      variables: ['AWS_SESSION_TOKEN', 'aws_session_token'],
      optional: true,
      help: 'of keys that are valid for a time',
    },
    {
      name: 'region',
      variables: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
      optional: true,
      help: 'tells China (cn-…) and GovCloud (us-gov-…) from the rest',
    },
    {
      name: 'hosted_zone_id',
      variables: ['AWS_HOSTED_ZONE_ID'],
      optional: true,
      help: 'of the zone, which is not looked for then',
    },
    {
      name: 'container_path',
      variables: ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'],
      optional: true,
      help: 'where ECS has the keys of the role',
    },
    {
      name: 'container_url',
      variables: ['AWS_CONTAINER_CREDENTIALS_FULL_URI'],
      optional: true,
      help: 'the same as a whole URL (EKS)',
    },
    {
      name: 'container_token',
      variables: ['AWS_CONTAINER_AUTHORIZATION_TOKEN'],
      optional: true,
      help: 'that is shown there',
    },
    {
      name: 'metadata_url',
      variables: ['AWS_EC2_METADATA_SERVICE_ENDPOINT'],
      optional: true,
      help: 'of the metadata service of EC2',
    },
    {
      name: 'api_url',
      variables: ['AWS_ENDPOINT_URL_ROUTE_53'],
      optional: true,
      help: 'another URL of the API',
    },
  ],
  create: (given, edges) => {
    const api = createRoute53Api(given, edges);
    const zoneIdOfName = onceEach(async (zone) => {
      const [id, ...others] = await api.publicZones(zone);
      if (id !== undefined && others.length === 0) return id;
      throw api.failure(
        `there ${id === undefined ? 'is no public zone' : 'is more than one public zone'} ${zone}`,
        'The keys must be those of the account that the zone is in; hosted_zone_id = Z… names one of several.',
      );
    });
    const zoneIdFor = async (name: string): Promise<string> => {
      if (given.hosted_zone_id === undefined) return zoneIdOfName(await edges.zoneOf(name));
      const id = zoneIdOf(given.hosted_zone_id);
      if (id !== undefined) return id;
      throw api.failure('hosted_zone_id is no ID of a zone', 'It begins with Z: see "Hosted zone details".');
    };
    const rewrite = async (
      { name, value }: TxtRecord,
      edit: (values: readonly string[], value: string) => string[] | undefined,
    ) => {
      const zoneId = await zoneIdFor(name);
      await untilWritten(async () => {
        const before = await api.recordSet(zoneId, name);
        const values = edit(before?.values ?? [], quoted(value));
        if (values === undefined) return undefined;
        const after = values.length === 0 ? undefined : { ttl: before?.ttl ?? TTL, values };
        return api.replace(zoneId, name, before, after);
      }, edges.sleep);
    };
    return {
      add: async (record) => {
        await rewrite(record, withValue);
        return undefined;
      },
      remove: (record) => rewrite(record, withoutValue),
    };
  },
};

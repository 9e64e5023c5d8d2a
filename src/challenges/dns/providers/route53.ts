import { guardedSetProvider } from '../guarded-set.ts';
import { onceEach } from '../once.ts';
import type { ProviderDefinition } from '../provider.ts';
import { createRoute53Api, type Route53Set, zoneIdOf } from '../route53-api.ts';
import { labelsBelow, quoteTxt, unquoteTxt } from '../txt.ts';

const TTL = '60';

interface Place {
  readonly zoneId: string;
  readonly name: string;
}

/** A set is replaced by deleting exactly what was read: the change of another is never lost, as it is with UPSERT. */
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
    const publicZone = onceEach(async (zone) => {
      const [id, ...others] = await api.publicZones(zone);
      if (id !== undefined && others.length === 0) return id;
      throw api.failed(
        `there is ${id === undefined ? 'no' : 'more than one'} public zone ${zone} in this account`,
        'Take the keys of the account that the zone is in; hosted_zone_id = Z… names one of several.',
      );
    });
    const zoneIdFor = async (name: string): Promise<string> => {
      if (given.hosted_zone_id === undefined) {
        const zone = await edges.zoneOf(name);
        labelsBelow(name, zone);
        return publicZone(zone);
      }
      const id = zoneIdOf(given.hosted_zone_id);
      if (id !== undefined) return id;
      throw api.failed('hosted_zone_id is no ID of a zone', 'It is like Z0123456789ABC.');
    };
    return guardedSetProvider<Place, string, Route53Set>(
      {
        find: async (name) => ({ name, zoneId: await zoneIdFor(name) }),
        read: ({ zoneId, name }) => api.read(zoneId, name),
        replace: ({ zoneId, name }, before, values) => {
          const after = values.length === 0 ? undefined : { ttl: before?.ttl ?? TTL, values };
          return api.replace(zoneId, name, before, after);
        },
        encode: quoteTxt,
        decode: unquoteTxt,
      },
      edges.sleep,
    );
  },
};

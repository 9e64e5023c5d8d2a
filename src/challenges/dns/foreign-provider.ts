import * as v from 'valibot';
import { EvercertError } from '../../errors.ts';
import type { DnsProvider, ProviderDefinition } from './provider.ts';
import type { RegistryEdges } from './registry.ts';
import { foreignWords } from './words.ts';

const PREFIX = 'evercert-dns-';

const isFunction = v.custom<(...given: never[]) => unknown>(
  (value) => typeof value === 'function',
  'is no function',
);

const CredentialSchema = v.strictObject({
  name: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,60}$/, 'must be lower case with underscores')),
  variables: v.array(
    v.pipe(v.string(), v.regex(/^[A-Za-z_][A-Za-z0-9_]{0,100}$/, 'is no name of a variable')),
  ),
  optional: v.optional(v.boolean()),
  wholeFile: v.optional(v.boolean()),
  help: v.string(),
});

const DefinitionSchema = v.object({
  name: v.string(),
  credentials: v.lazy((given) => (given === 'any' ? v.literal('any') : v.array(CredentialSchema))),
  create: isFunction,
});

const ProviderSchema = v.object({ add: isFunction, remove: isFunction });

/**
 * The provider of a package evercert-dns-NAME, held to its contract (docs/dns.md).
 *
 * @param native names of those that need no package
 * @throws EvercertError bad-settings
 */
export async function loadForeignProvider(
  name: string,
  loadPackage: RegistryEdges['loadPackage'],
  native: readonly string[],
): Promise<ProviderDefinition> {
  const packageName = `${PREFIX}${name}`;
  const loaded = await loadPackage(packageName).catch((error: unknown) => {
    throw unusable(packageName, `it cannot be loaded: ${foreignWords(String(error), [])}`, error);
  });
  if (loaded === undefined)
    throw new EvercertError(
      'bad-settings',
      `there is no DNS provider ${name}, and no npm package ${packageName} is installed`,
      `There are ${native.join(', ')}; acmesh:dns_xx, with any script of acme.sh; and npm packages evercert-dns-… (docs/dns.md).`,
    );
  return guarded(checked(packageName, name, loaded));
}

function checked(packageName: string, name: string, loaded: unknown): ProviderDefinition {
  const result = v.safeParse(v.object({ provider: DefinitionSchema }), loaded, { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw unusable(
      packageName,
      `${v.getDotPath(issue) ?? 'what it exports'}: ${foreignWords(issue.message, [])}`,
    );
  }
  if (result.output.provider.name !== name)
    throw unusable(packageName, `its provider.name is not ${JSON.stringify(name)}`);
  return (loaded as { provider: ProviderDefinition }).provider;
}

function unusable(packageName: string, why: string, cause?: unknown): EvercertError {
  return new EvercertError(
    'bad-settings',
    `the package ${packageName} is no DNS provider: ${why}`,
    'Install a version of it that is made for this evercert, or tell whoever made it (docs/dns.md has the contract).',
    cause,
  );
}

/** All that it throws becomes an EvercertError of a DNS provider: others know no codes of ours. */
function guarded(definition: ProviderDefinition): ProviderDefinition {
  return {
    name: definition.name,
    credentials: definition.credentials,
    create: (credentials, edges) => {
      const guard = async <T>(work: () => T | Promise<T>): Promise<T> => {
        try {
          return await work();
        } catch (error) {
          throw failureOf(definition.name, credentials, error);
        }
      };
      const provider = created(definition, credentials, edges);
      return {
        add: (record) => guard(async () => traceOf(await provider.add(record))),
        remove: (record, trace) => guard(async () => void (await provider.remove(record, trace))),
      };
    },
  };
}

function created(
  definition: ProviderDefinition,
  ...given: Parameters<ProviderDefinition['create']>
): DnsProvider {
  try {
    const provider = definition.create(...given);
    if (v.is(ProviderSchema, provider)) return provider;
  } catch (error) {
    throw failureOf(definition.name, given[0], error);
  }
  throw unusable(`${PREFIX}${definition.name}`, 'its create returns no add and remove');
}

function traceOf(trace: unknown): string | undefined {
  return typeof trace === 'string' && trace.length <= 4096 ? trace : undefined;
}

/** Codes that a provider may use by itself, and the end of the run. */
const KEPT = new Set(['interrupted', 'dns-failed', 'dns-provider', 'credentials-missing']);

function failureOf(name: string, credentials: Readonly<Record<string, string>>, error: unknown): unknown {
  if (error instanceof EvercertError && KEPT.has(error.code)) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new EvercertError(
    'dns-provider',
    `${name}: ${foreignWords(why, Object.values(credentials))}`,
    `These are the words of the package ${PREFIX}${name}; its documentation says what they mean.`,
    error,
  );
}

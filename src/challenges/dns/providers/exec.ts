import { EvercertError } from '../../../errors.ts';
import { shellWord } from '../../shell-word.ts';
import type { ProviderDefinition, TxtRecord } from '../provider.ts';
import { foreignWords } from '../words.ts';

/** A program of one's own, called as lego's exec does. */
export const provider: ProviderDefinition = {
  name: 'exec',
  credentials: [
    { name: 'path', variables: ['EXEC_PATH'], help: 'of the program' },
    {
      name: 'mode',
      variables: ['EXEC_MODE'],
      optional: true,
      help: 'RAW: it is told domain, token and key authorization instead of name and value',
    },
  ],
  create: ({ path = '', mode }, edges) => {
    const call = async (action: 'present' | 'cleanup', record: TxtRecord) => {
      const words = mode === 'RAW' ? rawWords(record) : [`${record.name}.`, record.value];
      const command = `exec ${[path, action, ...words].map(shellWord).join(' ')}`;
      const { ok, outcome, output } = await edges.run(command, {});
      if (ok) return;
      throw failed(
        NEVER_RAN.test(outcome) ? 'the program' : `${action} of ${record.name}`,
        path,
        outcome,
        output,
      );
    };
    return {
      add: async (record) => {
        await call('present', record);
        return undefined;
      },
      remove: (record) => call('cleanup', record),
    };
  },
};

function rawWords({ challenge: { name, token, keyAuthorization } }: TxtRecord): string[] {
  return ['--', name, token, keyAuthorization];
}

/** Of a shell that found no such program, or may not run it. */
const NEVER_RAN = /^exit 12[67]$/;
/** Programs say at the end what went wrong. */
const TOLD_OUTPUT = 250;

function failed(what: string, path: string, outcome: string, output: string): EvercertError {
  const words = foreignWords(output.trim().slice(-TOLD_OUTPUT), []);
  return new EvercertError(
    'dns-provider',
    `exec: ${what} failed: ${[outcome, words].filter(Boolean).join(': ')}`,
    `These are the words of ${JSON.stringify(path)}: run it by hand with the same arguments.`,
  );
}

import { EvercertError } from '../../../errors.ts';
import { createTurnsByName } from '../../../promises.ts';
import type { ShellResult } from '../../../system/process.ts';
import type { ProviderDefinition, ProviderEdges, TxtRecord } from '../provider.ts';
import { secretForms } from '../words.ts';
import bytes from './acmesh/bytes.sh';
import call from './acmesh/call.sh';
import http from './acmesh/http.sh';
import kept from './acmesh/kept.sh';
import start from './acmesh/start.sh';
import words from './acmesh/words.sh';

const SHIM = [start, words, bytes, http, kept, call].join('\n');
/** The name of a script is that of a shell function too. */
const SCRIPT = /^dns_[A-Za-z0-9_]{1,60}$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** How acme.sh writes values of several lines into its files. */
const ENCODED = /^__ACME_BASE64__START_([A-Za-z0-9+/=]*)__ACME_BASE64__END_$/;
/** The shim comes by stdin: no argument list and no file has it. */
const COMMAND = 'eval "$(cat)"';
const NEVER_RAN = 'exit 96';
const REASON = /^error: /;
const MAX_REASONS = 5;
const MAX_LINES = 20;
const MAX_LINE_LENGTH = 300;
/** Shorter ones may be words of any message. */
const SECRET_LENGTH = 6;
/** Where things are, and how much is to be told. */
const NO_SECRET = /^(?:ACMESH_|LE_|DEBUG$)/;

/**
 * A dnsapi script of acme.sh that the user has installed, run with our own helper functions around it
 * (acmesh/*.sh). Credentials are its variables.
 *
 * @param script dns_xx
 * @throws EvercertError bad-settings: that is no name of a script
 */
export function acmeshProvider(script: string): ProviderDefinition {
  if (!SCRIPT.test(script)) {
    const hint = 'Name it as its file is named, without ".sh": acmesh:dns_xx.';
    throw new EvercertError('bad-settings', `${JSON.stringify(script)} is no script of acme.sh`, hint);
  }
  return {
    name: `acmesh:${script}`,
    credentials: 'any',
    create: (credentials, edges) => {
      const variables = variablesOf(credentials);
      const run = (action: 'add' | 'rm', record: TxtRecord) =>
        inTurn(script, () => callScript(edges, variables, script, action, record));
      return {
        add: async (record) => {
          await run('add', record);
          return undefined;
        },
        remove: (record) => run('rm', record),
      };
    },
  };
}

type Variables = Readonly<Record<string, string>>;

function variablesOf(credentials: Variables): Variables {
  const wrong = Object.keys(credentials).find((name) => !VARIABLE.test(name));
  if (wrong !== undefined) {
    const hint = 'Write VARIABLE=value lines, with the variables that the script is documented to read.';
    throw new EvercertError('bad-settings', `${JSON.stringify(wrong)} is no name of a variable`, hint);
  }
  return Object.fromEntries(Object.entries(credentials).map(([name, value]) => [name, decoded(value)]));
}

function decoded(value: string): string {
  const encoded = ENCODED.exec(value)?.[1];
  return encoded === undefined ? value : Buffer.from(encoded, 'base64').toString('utf8');
}

/**
 * Scripts are written for one call at a time: some read a whole zone and write it back. So all calls of one script wait
 * for each other, also those of other lineages and of clean-up, which have providers of their own.
 */
const inTurn = createTurnsByName();

async function callScript(
  edges: ProviderEdges,
  variables: Variables,
  script: string,
  action: 'add' | 'rm',
  { name, value, challenge }: TxtRecord,
): Promise<void> {
  const variablesOfCall = {
    EVERCERT_ACMESH_SCRIPT: script,
    EVERCERT_ACMESH_ACTION: action,
    EVERCERT_ACMESH_NAME: name,
    EVERCERT_ACMESH_VALUE: value,
    EVERCERT_ACMESH_DOMAIN: challenge.name,
  };
  const result = await edges.run(COMMAND, { ...variables, ...variablesOfCall }, SHIM);
  if (result.ok) return;
  // In the same words for both: what could not be called has left nothing.
  const what = result.outcome === NEVER_RAN ? script : `${script}_${action} for ${name}`;
  throw failed(what, result, variables);
}

function failed(what: string, { outcome, output }: ShellResult, variables: Variables): EvercertError {
  const lines = printable(withoutSecrets(output, variables));
  const reasons = lines.filter((line) => REASON.test(line)).map((line) => line.replace(REASON, ''));
  const told = reasons.slice(0, MAX_REASONS);
  const why = told.length > 0 ? told.join('; ') : outcome;
  return new EvercertError(
    'dns-provider',
    `${what}: ${why}`,
    outcome === NEVER_RAN
      ? 'Install the dnsapi scripts of acme.sh, or name the directory that has them as ACMESH_HOME in the credentials.'
      : 'Check the credentials (variables of the script), and that the DNS provider can be reached.',
    undefined,
    told.length === lines.length ? [] : lines.slice(-MAX_LINES),
  );
}

function withoutSecrets(text: string, variables: Variables): string {
  return Object.entries(variables)
    .filter(([name, value]) => value.length >= SECRET_LENGTH && !NO_SECRET.test(name))
    .flatMap(([, value]) => secretForms(value))
    .sort((a, b) => b.length - a.length)
    .reduce((rest, value) => rest.replaceAll(value, '***'), text);
}

function printable(output: string): string[] {
  return output
    .split('\n')
    .map((line) => line.replace(/\p{Cc}/gu, ' ').trimEnd())
    .filter((line) => line !== '')
    .map((line) => (line.length > MAX_LINE_LENGTH ? `${line.slice(0, MAX_LINE_LENGTH)}…` : line));
}

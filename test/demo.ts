// `npm run demo`: evercert's whole life in a few seconds, against a CA in this process. Needs Node and nothing else.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createSite, type RunResult } from './support/evercert.ts';

const NAME = 'www.example.org';

function say(text: string): void {
  console.log(`\n== ${text}`);
}

function show(command: string, { status, stdout, stderr }: RunResult): void {
  console.log(`$ evercert ${command}`);
  console.log(`${stdout}${stderr}`.trimEnd());
  if (status !== 0) throw new Error(`exit status ${status}`);
}

function showStore(configDir: string): void {
  console.log(`live/${NAME} -> ${readlinkSync(join(configDir, 'live', NAME))}`);
  console.log(
    `archive/${NAME}: ${readdirSync(join(configDir, 'archive', NAME))
      .sort()
      .join(' ')}`,
  );
}

const site = await createSite();
const { configDir } = site;
try {
  const served = join(site.scratch, 'deployed');
  const hook = `echo "now serving version \${EVERCERT_VERSION_DIR##*/} of $RENEWED_DOMAINS" | tee -a '${served}'`;

  say('an ACME CA listens on loopback; a first certificate, proven by http-01');
  show(
    `certonly --standalone -d ${NAME},example.org …`,
    await site.certonly(`${NAME},example.org`, ['--deploy-hook', hook, '-v']),
  );
  showStore(configDir);

  say('nothing is due');
  show('renew', await site.renew());

  say('a renewal: a new version beside the old one, one symlink swapped, the deploy hook run');
  show('renew --force-renewal', await site.renew(['--force-renewal']));
  showStore(configDir);

  say('what the deploy hook saw, and what the CA saw');
  console.log(readFileSync(served, 'utf8').trimEnd());
  console.log(`${site.ca.orders.length} orders, ${site.ca.requests.length} requests`);
} finally {
  await site.close();
}
say('done; nothing was left behind');

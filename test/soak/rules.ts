// Every rule with its test, as Markdown: node esbuild.config.js && node .build/test/soak/rules.js
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';

const directory = join(import.meta.dirname, '..', 'renewal');

for (const file of readdirSync(directory).filter((name) => name.endsWith('.test.js'))) {
  const rules = await runFile(join(directory, file));
  console.log(`\n### test/renewal/${file.replace(/\.js$/, '.ts')}\n`);
  console.log('| rule | now |\n| --- | --- |');
  for (const [name, result] of rules) console.log(`| ${name.replaceAll('|', '\\|')} | ${result} |`);
}

/** The names of its tests, without their "rule: ", and how they ended. */
function runFile(path: string): Promise<[string, string][]> {
  return new Promise((resolve) => {
    const rules: [string, string][] = [];
    const add = (name: string, result: string) => {
      if (name !== path) rules.push([name.replace(/^rule: /, ''), result]);
    };
    run({ files: [path] })
      .on('test:pass', ({ name }) => add(name, 'passed'))
      .on('test:fail', ({ name }) => {
        add(name, 'FAILED');
        process.exitCode = 1;
      })
      .on('end', () => resolve(rules))
      .resume();
  });
}

// Every step of every scenario killed: node esbuild.config.js && node .build/test/soak/kills.js
import { distinctKills, judgeKill } from '../crash/kills.ts';
import { scenarios } from '../crash/scenarios.ts';
import { tryAll } from '../crash/trial.ts';

for (const scenario of scenarios) {
  const { points, complaints } = await tryAll(scenario, (steps) => distinctKills(scenario, steps), judgeKill);
  console.log(`${points} points, ${complaints.length} complaints: ${scenario.title}`);
  for (const complaint of complaints) console.log(`  ${complaint}`);
  if (complaints.length > 0) process.exitCode = 1;
}
process.exit();

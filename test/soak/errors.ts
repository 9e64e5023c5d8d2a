// Every step of every scenario refused in every way: node esbuild.config.js && node .build/test/soak/errors.js
import { errorPoints, judgeFailure } from '../crash/failure.ts';
import { scenarios } from '../crash/scenarios.ts';
import { tryAll } from '../crash/trial.ts';

for (const scenario of scenarios) {
  const { points, complaints } = await tryAll(scenario, errorPoints, judgeFailure);
  console.log(`${points} points, ${complaints.length} complaints: ${scenario.title}`);
  for (const complaint of complaints) console.log(`  ${complaint}`);
  if (complaints.length > 0) process.exitCode = 1;
}
process.exit();

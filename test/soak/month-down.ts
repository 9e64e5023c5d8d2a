// A CA down for 30 days, a certificate of 45: node esbuild.config.js && node .build/test/soak/month-down.js
import { DOWN_FROM, DOWN_TO, monthDown } from '../sim/month-down.ts';

for (const hasFallback of [false, true]) {
  console.log(
    `\nCA down from day ${DOWN_FROM} to ${DOWN_TO}, ${hasFallback ? 'with' : 'without'} a fallback\n`,
  );
  console.log('| day | days left | attempts | exit status | issued by |');
  console.log('| --- | --- | --- | --- | --- |');
  for (const { day, daysLeft, attempts, statuses, issuedBy = '' } of monthDown(hasFallback)) {
    console.log(`| ${[day, daysLeft, attempts, statuses.join(', '), issuedBy].join(' | ')} |`);
  }
}

import type { Notice } from '../../src/health/causes.ts';
import { NOW } from './clock.ts';

export const FAILED: Notice = {
  kind: 'failed',
  code: 'order-failed',
  lineages: ['a.example'],
  more: 0,
  reasons: ['the CA said no'],
  hint: 'Ask again.',
  notAfter: NOW + 3 * 86_400_000,
};

export const RECOVERED: Notice = {
  kind: 'recovered',
  code: 'recovered',
  lineages: ['b.example', 'c.example'],
  more: 3,
  reasons: [],
  hint: undefined,
  notAfter: undefined,
};

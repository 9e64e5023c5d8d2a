import type { TestContext } from 'node:test';
import everTest from './dns_evertest.sh';
import { type Shell, type Stage, setStage } from './stage.ts';
import { startTxtApi, TOKEN, type TxtApi, USER } from './txt-api.ts';

/** dns_t */
export const scriptOf = (add: string, rm = ':') => `dns_t_add() {\n${add}\n}\ndns_t_rm() {\n${rm}\n}\n`;

/** dns_evertest and the API that it talks to. */
export interface Scene extends Stage {
  readonly api: TxtApi;
  readonly credentials: Readonly<Record<string, string>>;
}

export async function scene(
  t: TestContext,
  shell: Shell = 'dash',
  http?: readonly string[],
  beforeAnswer?: () => Promise<void>,
): Promise<Scene> {
  const api = await startTxtApi(t, beforeAnswer);
  const stage = setStage(t, shell, { dns_evertest: everTest }, http);
  return { ...stage, api, credentials: { ET_Api: api.url, ET_Token: TOKEN } };
}

export function login(): Record<string, string> {
  return { ET_User: USER.user, ET_Password: USER.password };
}

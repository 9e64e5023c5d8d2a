import type { CertificatesOptions } from '../commands/certificates.ts';
import type { CertonlyOptions } from '../commands/certonly.ts';
import type { CsrOptions } from '../commands/certonly-csr.ts';
import type { DeployOptions } from '../commands/deploy.ts';
import type { PersistValueOptions } from '../commands/persist-value.ts';
import type { ReconfigureOptions } from '../commands/reconfigure.ts';
import type { RegisterOptions } from '../commands/register.ts';
import type { RenewOptions } from '../commands/renew.ts';
import type { ShowAccountOptions } from '../commands/show-account.ts';
import type { TimerOptions } from '../commands/timer-places.ts';
import type { ReadOwned } from '../system/owned-file.ts';

/** How to talk to the operator. */
export interface Voice {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly interactive: boolean;
}

/** A command line, understood. */
export type Command =
  | { readonly verb: 'certonly'; readonly voice: Voice; readonly options: CertonlyOptions }
  | { readonly verb: 'certonly-csr'; readonly voice: Voice; readonly options: CertonlyOptions & CsrOptions }
  | { readonly verb: 'renew'; readonly voice: Voice; readonly options: RenewOptions }
  | { readonly verb: 'reconfigure'; readonly voice: Voice; readonly options: ReconfigureOptions }
  | { readonly verb: 'certificates'; readonly voice: Voice; readonly options: CertificatesOptions }
  | { readonly verb: 'deploy'; readonly voice: Voice; readonly options: DeployOptions }
  | { readonly verb: 'register'; readonly voice: Voice; readonly options: RegisterOptions }
  | { readonly verb: 'show-account'; readonly voice: Voice; readonly options: ShowAccountOptions }
  | { readonly verb: 'dns'; readonly voice: Voice; readonly options: PersistValueOptions }
  | { readonly verb: 'account'; readonly voice: Voice; readonly options: ShowAccountOptions }
  | { readonly verb: 'timer'; readonly voice: Voice; readonly options: TimerOptions };

/** What a command line depends on besides its words. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A person sits at the terminal. */
  readonly terminal: boolean;
  /** Makes a path absolute. */
  readonly absolute: (path: string) => string;
  readonly uid: number;
  readonly readOwned: ReadOwned;
}

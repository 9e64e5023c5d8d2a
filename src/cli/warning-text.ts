import { unreachable } from '../errors.ts';
import type { Event } from '../events.ts';

/** What is so, and what to do about it (the law of text.ts). */
export function warningText(event: Event & { type: 'warning' }): string {
  const about = event.lineage === undefined ? '' : `${event.lineage}: `;
  switch (event.code) {
    case 'no-lineages':
      return `no certificates in ${event.detail} yet; evercert certonly obtains one`;
    case 'all-deployed':
      return `nothing to deploy: every hook ${event.detail === '' ? '' : `of ${event.detail} `}has succeeded for what is live (--force runs them again)`;
    case 'cleanup-failed':
      return `${about}an answer to a challenge stands longer than it should, since it could not be removed; a later run tries again, unless the file that has it on record is deleted: ${event.detail}`;
    case 'cleanup-given-up':
      return `${about}an answer to a challenge could not be removed for a week; no run tries again, remove it by hand: ${event.detail}`;
    case 'propagation-unchecked':
      return `whether the DNS shows the records could not be checked, so the CA is asked after a short wait: ${event.detail}`;
    case 'credentials-of-this-shell':
      return `${about}${event.detail} has its credentials from variables of this shell, which evercert renew must have too: put them into a file (--dns-credentials FILE), or for the timer into /etc/default/evercert`;
    case 'kept':
      return event.detail === 'saved'
        ? `${about}the certificate is kept, and the changed settings are saved for its next renewal (renew --cert-name ${event.lineage} --dry-run tests them)`
        : `${about}the certificate is kept (--force-renewal renews it all the same)`;
    case 'not-saved':
      return `${about}the settings stay as they were, since the dry run failed (--skip-dry-run saves them untried)`;
    case 'chain-not-found':
      return `${about}the CA offers no chain of ${JSON.stringify(event.detail)}; its default chain was taken`;
    case 'profile-missing':
      return `${about}the CA does not offer the preferred profile, but ${event.detail || 'none'}; its default was taken`;
    case 'replaces-refused':
      return `${about}the CA would not note which certificate this one replaces (${event.detail}); ordered without`;
    case 'account-remade':
      return `${event.detail} had lost the account; it was made again, with the same key`;
    case 'state-unreadable':
      return `${about}state/${event.lineage}.json was unreadable and is made anew`;
    case 'misnamed-settings':
      return `renewal/${JSON.stringify(`${event.detail}.json`).slice(1, -1)} is ignored: that is no name for a lineage (a-z, 0-9, ".", "_", "-")`;
    case 'state-not-written':
      return `${about}what was checked could not be remembered: ${event.detail}`;
    case 'names-left-out':
      return `${about}left out, since the CA could not validate: ${event.detail}`;
    case 'renewal-explained':
      return `${about}the CA explains its suggested renewal time: ${event.detail}`;
    case 'fallback-unready':
      return `no account at the fallback CA yet: ${event.detail}`;
    case 'notice-not-sent':
      return `a notice was not sent to ${event.detail}`;
    case 'notices-forgotten':
      return `what was notified could not be remembered, so that it will be repeated: ${event.detail}`;
    case 'metrics-not-written':
      return `the metrics file could not be written: ${event.detail}`;
    case 'no-timer':
      return `no timer of evercert is installed${event.detail === '' ? '' : `; ${event.detail} installs one`}`;
    case 'foreign-timer':
      return `${event.detail} was not written by evercert, and is left alone`;
    case 'two-timers':
      return `two timers run evercert renew: ${event.detail} is there too; evercert timer remove --systemd or --cron takes one away`;
    case 'certbot-timer':
      return `certbot has a timer too (${event.detail}): it renews what certbot keeps, and nothing of evercert's`;
    case 'timer-not-enabled':
      return `systemd does not run here: enable the timer where it does, by ${event.detail}`;
    case 'program-in-cache':
      return `the timer starts ${event.detail}, which npx keeps only for a while: install evercert (npm install --global evercert), then repeat this`;
    default:
      return unreachable(event.code);
  }
}

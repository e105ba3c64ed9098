// Who may do what, and how to get a token. Tokens are made on the machine, never in the browser.
import type { JSX } from 'preact';
import { login } from '../../api';
import { useStore } from '../../store';
import { Facts, Panel } from '../../ui/frame';
import { Clock, Said } from '../../ui/text';

const ROLES = [
  ['readonly', 'sees everything but secrets'],
  ['operator', 'also starts, stops, pauses and scales workers, answers approvals, acknowledges alerts, stops everything in an emergency'],
  ['admin', 'also kills workers, turns autonomy on and off, grants budget, lifts the emergency stop'],
] as const;

const COMMANDS = [
  ['Make one', 'novactl token create NAME --role operator --expires 90d'],
  ['See them all', 'novactl token list'],
  ['Take one back, at once', 'novactl token revoke NAME'],
] as const;

export function AccessView(): JSX.Element {
  const l = useStore(login, (v) => v);
  return (
    <div class="cols-2">
      <Panel title="Tokens" note="on the machine where Nova runs">
        <div class="stack">
          <Facts rows={COMMANDS.map(([what, command]) => [what, <code>{command}</code>])} />
          <p class="muted">A token is shown once, when it is made; only its hash is kept. Revoking it ends its sessions, too.</p>
        </div>
      </Panel>
      <Panel title="Roles">
        <Facts rows={ROLES.map(([role, may]) => [<b>{role}</b>, may])} />
      </Panel>
      {l.state === 'in' ? (
        <Panel title="This session">
          <Facts rows={[
            ['Token', <Said text={l.session.name} max={64} />], ['Role', l.session.role], ['Ends', <Clock time={l.session.expires} />],
          ]} />
        </Panel>
      ) : null}
    </div>
  );
}

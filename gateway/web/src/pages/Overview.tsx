// The page of the first five seconds: is everything running, is it making money, what did it
// decide, what does it want from me.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { resumeEverything, setAutonomy, stopEverything } from '../act';
import { useTitle } from '../hooks';
import { useStore } from '../store';
import { overview } from '../stream';
import type { Overview } from '../types';
import { Confirm, OutcomeText, useMay } from '../ui/controls';
import type { Outcome } from '../ui/controls';
import { Notice, PageHead, Waiting } from '../ui/frame';
import { Ago, Said } from '../ui/text';
import { BudgetPanel } from './overview/Budget';
import { DecisionsPanel } from './overview/Decisions';
import { HealthPanel } from './overview/Health';
import { MoneyPanel } from './overview/Money';
import { AlertsPanel, ApprovalsPanel } from './overview/Waiting';

type Question = 'stop' | 'autonomy' | null;

function Switches({ o }: { o: Overview }): JSX.Element {
  const [asked, setAsked] = useState<Question>(null);
  const [said, setSaid] = useState<Outcome | null>(null);
  const mayStop = useMay('operator');
  const maySwitch = useMay('admin');
  const close = (outcome: Outcome | null) => {
    setAsked(null);
    if (outcome)
      setSaid(outcome);
  };
  const on = o.autonomy?.enabled === true;
  return (
    <>
      {said ? <OutcomeText outcome={said} /> : null}
      {o.autonomy ? (
        <button type="button" class="btn" disabled={maySwitch !== null} title={maySwitch ?? undefined} onClick={() => setAsked('autonomy')}>
          {on ? 'Autonomy: on → only advise…' : 'Autonomy: advises → on…'}
        </button>
      ) : null}
      {o.stop ? null : (
        <button type="button" class="btn danger" disabled={mayStop !== null} title={mayStop ?? undefined} onClick={() => setAsked('stop')}>Stop everything…</button>
      )}
      {asked === 'stop' ? (
        <Confirm title="Stop everything?" confirm="Stop everything" kind="danger" reason="required" act={stopEverything} close={close}>
          <p>Every agent is ended at once and none starts until an admin lifts the stop. The ledger goes on.</p>
        </Confirm>
      ) : null}
      {asked === 'autonomy' ? (
        <Confirm title={on ? 'Let Nova only advise?' : 'Let Nova decide?'} confirm={on ? 'Only advise' : 'Let it decide'}
          act={() => setAutonomy(!on)} close={close}>
          <p>{on ? 'Decisions are still written down, and none is carried out.'
            : 'Decisions are carried out: losers are killed, winners are scaled. What costs more than approval_above still asks.'}</p>
        </Confirm>
      ) : null}
    </>
  );
}

function Lift(): JSX.Element {
  const [asked, setAsked] = useState(false);
  const forbidden = useMay('admin');
  return (
    <>
      <button type="button" class="btn" disabled={forbidden !== null} title={forbidden ?? undefined} onClick={() => setAsked(true)}>Resume everything…</button>
      {asked ? (
        <Confirm title="Lift the emergency stop?" confirm="Resume everything" reason="required" act={resumeEverything} close={() => setAsked(false)}>
          <p>The agents that are wanted start again.</p>
        </Confirm>
      ) : null}
    </>
  );
}

function Notices({ o }: { o: Overview }): JSX.Element | null {
  const incident = typeof o.incident?.['reason'] === 'string' ? o.incident['reason'] : null;
  if (!o.stop && !o.incident && o.warnings.length === 0 && o.nova?.ready !== false)
    return null;
  return (
    <div class="stack notices" role="status">
      {o.stop ? (
        <Notice tone="bad" tools={<Lift />}>
          <b>The emergency stop is on.</b>{' '}
          {o.workers?.running ? `${o.workers.running} workers are still being ended.` : 'No worker runs.'}{' '}
          {o.stop.reason ? <>Reason: “<Said text={o.stop.reason} max={300} />”</> : null}
          {o.stop.at ?? o.stop.since ? <span>, <Ago time={o.stop.at ?? o.stop.since} /></span> : null}
        </Notice>
      ) : null}
      {o.nova && !o.nova.ready && !o.stop ? (
        <Notice tone="warn"><b>Nova is not ready.</b> <Said text={o.nova.engine_reason ?? o.nova.engine_state ?? ''} max={300} /></Notice>
      ) : null}
      {o.incident ? <Notice tone="bad"><b>Many workers crashed together.</b> {incident ? <Said text={incident} max={300} /> : null} Starts are held back until it is over.</Notice> : null}
      {o.warnings.map((w) => <Notice key={w} tone="warn"><Said text={w} max={400} /></Notice>)}
    </div>
  );
}

export function OverviewPage(): JSX.Element {
  const o = useStore(overview, (v) => v);
  useTitle('Overview');
  if (!o)
    return <><PageHead title="Overview" /><Waiting /></>;
  const mode = o.stop ? 'Everything is stopped' : !o.autonomy ? 'Not known whether it decides'
    : o.autonomy.enabled ? `Decides by itself, policy ${o.autonomy.policy}` : `Only advises, policy ${o.autonomy.policy}`;
  return (
    <>
      <PageHead title="Overview" sub={mode}><Switches o={o} /></PageHead>
      <div class="stack">
        <Notices o={o} />
        <MoneyPanel o={o} />
        <div class="cols-2 four">
          <div class="stack">
            <ApprovalsPanel approvals={o.approvals} />
            <AlertsPanel o={o} />
            <DecisionsPanel decisions={o.decisions} />
          </div>
          <div class="stack beside">
            <HealthPanel o={o} />
            <BudgetPanel o={o} />
          </div>
        </div>
      </div>
    </>
  );
}

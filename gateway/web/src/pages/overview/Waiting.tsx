// What does it want from me? Approvals, with the money at stake, and alerts.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { acknowledge, approve, deny } from '../../act';
import { money, words } from '../../format';
import type { Alert, Decision, Overview } from '../../types';
import { Action, Confirm, OutcomeText, useMay } from '../../ui/controls';
import type { Outcome } from '../../ui/controls';
import { Empty, Facts, Panel } from '../../ui/frame';
import { Ago, Link, Said, State, WorkerLink } from '../../ui/text';

// "$288.00 more a day" where something is spent, else what kind of change it is.
export function Stake({ d }: { d: Decision }): JSX.Element {
  return <><b class="num">{money(d.cost_impact, d.currency)}</b> a day at stake</>;
}

interface Asking {
  d: Decision;
  yes: boolean;
}

function AnswerDialog({ asking, close }: { asking: Asking; close: (o: Outcome | null) => void }): JSX.Element {
  const { d, yes } = asking;
  return (
    <Confirm title={<>{yes ? 'Approve' : 'Deny'}: {words(d.type).toLowerCase()} of <Said text={d.target ?? d.worker} max={64} /></>}
      confirm={yes ? 'Approve' : 'Deny'} kind={yes ? 'primary' : 'danger'} {...(yes ? {} : { reason: 'optional' as const })}
      act={(reason) => (yes ? approve(d.id) : deny(d.id, reason))} close={close}>
      <Facts rows={[
        ['At stake', <Stake d={d} />],
        ['Why', <Said text={d.reason} max={600} />],
        ...(d.expected ? [['Expected', <Said text={d.expected} max={600} />] as [string, JSX.Element]] : []),
        ...(d.counterfactual ? [['Otherwise', <Said text={d.counterfactual} max={600} />] as [string, JSX.Element]] : []),
        ...(d.from_instances !== undefined && d.to_instances !== undefined
          ? [['Instances', `${d.from_instances} → ${d.to_instances}`] as [string, string]] : []),
      ]} />
    </Confirm>
  );
}

function Approval({ d, ask }: { d: Decision; ask: (a: Asking) => void }): JSX.Element {
  const forbidden = useMay('operator');
  return (
    <li class="approval">
      <div class="row spread">
        <span><b>{words(d.type)}</b> <WorkerLink name={d.target ?? d.worker} /></span>
        <span><Stake d={d} /></span>
      </div>
      <p class="muted"><Said text={d.reason} max={600} lines={2} /></p>
      <div class="row">
        <button type="button" class="btn small primary" disabled={forbidden !== null} title={forbidden ?? undefined} onClick={() => ask({ d, yes: true })}>Approve…</button>
        <button type="button" class="btn small" disabled={forbidden !== null} title={forbidden ?? undefined} onClick={() => ask({ d, yes: false })}>Deny…</button>
        <Link href={`/decisions/${d.id}`}>The numbers</Link>
        {d.expires ? <span class="muted note">expires <Ago time={d.expires} /></span> : null}
      </div>
    </li>
  );
}

function AlertRow({ a }: { a: Alert }): JSX.Element {
  const [said, setSaid] = useState<Outcome | null>(null);
  return (
    <li>
      <div class="row spread">
        <State state={a.severity} tone={a.severity === 'info' ? 'quiet' : a.severity === 'warning' ? 'warn' : 'bad'} />
        <span class="muted note"><Ago time={a.since} /></span>
      </div>
      <p><Said text={a.text} max={600} lines={3} /></p>
      <div class="row">
        {a.acked_by ? <span class="muted note">seen by <Said text={a.acked_by} max={80} /></span>
          : <Action label="I have seen it" small needs="operator" act={() => acknowledge(a.key)} told={setSaid} />}
        {said ? <OutcomeText outcome={said} /> : null}
      </div>
    </li>
  );
}

export function ApprovalsPanel({ approvals }: { approvals: Decision[] | null }): JSX.Element {
  const [asking, setAsking] = useState<Asking | null>(null);
  const [said, setSaid] = useState<Outcome | null>(null);
  return (
    <section id="approvals">
      <Panel title="Waiting for you" note={approvals?.length ? `${approvals.length} to approve or deny` : null}>
        {said ? <p class="said-line"><OutcomeText outcome={said} /></p> : null}
        {approvals === null ? <p class="muted">Not known: the engine does not answer.</p>
          : approvals.length === 0 ? <p class="muted">Nothing waits for an answer. Steps that cost more than approval_above ask here first.</p>
            : <ul class="list">{approvals.map((d) => <Approval key={d.id} d={d} ask={setAsking} />)}</ul>}
        {asking ? <AnswerDialog asking={asking} close={(o) => {
          setAsking(null);
          if (o)
            setSaid(o);
        }} /> : null}
      </Panel>
    </section>
  );
}

const GRAVE = ['critical', 'error', 'warning', 'info'];

export function AlertsPanel({ o }: { o: Overview }): JSX.Element {
  const raised = [...(o.alerts?.raised ?? [])].sort((a, b) => GRAVE.indexOf(a.severity) - GRAVE.indexOf(b.severity));
  return (
    <section id="alerts">
      <Panel title="Alerts" note={raised.length ? `${raised.length} raised` : null}>
        {o.alerts === null ? <Empty command="alerts: {…} in nova.yaml">Nobody looks: nova-alerts does not run. It is switched on by a section of its own:</Empty>
          : raised.length === 0 ? <p class="muted">No alert is raised.</p>
            : <ul class="list">{raised.slice(0, 20).map((a) => <AlertRow key={a.key} a={a} />)}</ul>}
      </Panel>
    </section>
  );
}

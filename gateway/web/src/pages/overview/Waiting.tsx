// What does it want from me? Approvals, with the money at stake, and alerts.
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { acknowledge } from '../../act';
import { words } from '../../format';
import type { Alert, Decision, Overview } from '../../types';
import { AnswerDialog, Stake } from '../../ui/approval';
import type { Asking } from '../../ui/approval';
import { Action, OutcomeText, useMay } from '../../ui/controls';
import type { Outcome } from '../../ui/controls';
import { Empty, Panel } from '../../ui/frame';
import { Ago, Link, Said, State, WorkerLink } from '../../ui/text';
import { Sentence } from '../../ui/values';

function Approval({ d, ask }: { d: Decision; ask: (a: Asking) => void }): JSX.Element {
  const forbidden = useMay('operator');
  return (
    <li class="approval">
      <div class="row spread">
        <span id={`approval-${d.id}`}><b>{words(d.type)}</b> <WorkerLink name={d.target ?? d.worker} /></span>
        <span><Stake d={d} /> <span class="muted">at stake</span></span>
      </div>
      <p class="muted"><Sentence text={d.reason} max={600} lines={2} /></p>
      <div class="row">
        <button type="button" class="btn small primary" aria-describedby={`approval-${d.id}`} disabled={forbidden !== null} title={forbidden ?? undefined} onClick={() => ask({ d, yes: true })}>Approve…</button>
        <button type="button" class="btn small" aria-describedby={`approval-${d.id}`} disabled={forbidden !== null} title={forbidden ?? undefined} onClick={() => ask({ d, yes: false })}>Deny…</button>
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
  const answer = useRef<HTMLParagraphElement>(null);
  // The button that was pressed goes with its decision: who goes on by keyboard does so from here.
  // Before anything else happens: the dialog has just given the focus back.
  useLayoutEffect(() => {
    if (said)
      answer.current?.focus({ preventScroll: true });
  }, [said]);
  return (
    <section id="approvals">
      <Panel title="Waiting for you" note={approvals?.length ? `${approvals.length} to approve or deny` : null}>
        {said ? <p class="said-line" ref={answer} tabIndex={-1}><OutcomeText outcome={said} /></p> : null}
        {approvals === null ? <p class="muted">Not known: the engine does not answer.</p>
          : approvals.length === 0 ? <p class="muted">Nothing waits for an answer. Steps that cost more than <code>approval_above</code> ask here first.</p>
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
  const looked = !o.processes || o.processes.some((p) => p.name === 'nova.alerts');
  const raised = [...(o.alerts?.raised ?? [])].sort((a, b) => GRAVE.indexOf(a.severity) - GRAVE.indexOf(b.severity));
  return (
    <section id="alerts">
      <Panel title="Alerts" note={raised.length ? `${raised.length} raised` : null}>
        {o.alerts === null && looked ? <p class="muted">Not known: nova-alerts does not answer.</p>
          : o.alerts === null ? <Empty command="novactl reload">Nobody looks for trouble. Add a section <code>alerts:</code> to nova.yaml (docs/PLATFORMS.md says what may stand in it), then:</Empty>
          : raised.length === 0 ? <p class="muted">No alert is raised.</p>
            : <ul class="list">{raised.slice(0, 20).map((a) => <AlertRow key={a.key} a={a} />)}</ul>}
      </Panel>
    </section>
  );
}

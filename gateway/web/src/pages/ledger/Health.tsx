// Is the ledger whole? A button that recomputes everything, and what it said last.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { post } from '../../api';
import { bytes, count, duration } from '../../format';
import { useApi, useNow } from '../../hooks';
import type { LedgerState, LedgerStats, VerifyState } from '../../ledger';
import { Action, OutcomeText, type Outcome } from '../../ui/controls';
import { Answered, Facts, Figure, Notice, Panel } from '../../ui/frame';
import { Ago, Clock, Said, State } from '../../ui/text';

function Problems({ list, more }: { list: unknown[]; more: number }): JSX.Element {
  return (
    <div class="problems" tabIndex={0} role="region" aria-label="Problems">
      {list.map((p, i) => <p key={i}><Said text={typeof p === 'string' ? p : JSON.stringify(p)} max={500} /></p>)}
      {more > 0 ? <p class="muted">and {count(more)} more: <code>novactl ledger verify</code></p> : null}
    </div>
  );
}

function Running({ since }: { since: string | null }): JSX.Element {
  const now = useNow(1000);
  const at = Date.parse(since ?? '');
  return (
    <p role="status"><State state="starting" label="Verifying" /> every event and every figure{Number.isFinite(at) ? `, for ${duration((now - at) / 1000)}` : ''}. You may leave this page.</p>
  );
}

function Verdict({ v }: { v: VerifyState }): JSX.Element {
  if (v.state === 'running')
    return <Running since={v.started ?? null} />;
  if (v.state === 'never')
    return <p class="muted">Not asked for since the gateway was started.</p>;
  if (v.ok === undefined)
    return <p class="loss"><State state="failed" label="Could not be verified" /> <Said text={v.error ?? ''} max={400} /></p>;
  const problems = v.problems ?? [];
  return (
    <div class="stack">
      <p>
        <State state={v.ok ? 'ok' : 'critical'} label={v.ok ? 'Whole.' : 'Not whole.'} />{' '}
        {v.ok ? `Every hash and every figure of ${count(v.checked_events)} events is right.`
          : `${count(v.n_problems)} problems in ${count(v.checked_events)} events. Keep a copy of the ledger as it is, and find out where it was changed.`}
      </p>
      <p class="muted">Verified <Ago time={v.ended} />{v.by ? <> for <Said text={v.by} max={64} /></> : null}{' '}(<Clock time={v.ended} seconds />)</p>
      {problems.length ? <Problems list={problems} more={(v.n_problems ?? 0) - problems.length} /> : null}
    </div>
  );
}

function Figures({ s }: { s: LedgerStats }): JSX.Element {
  return (
    <div class="stack">
      <div class="figures">
        <Figure label="Events" value={count(s.events)} />
        <Figure label="Refused lines" value={count(s.quarantined)} />
        <Figure label="Duplicates refused" value={count(s.duplicates_refused)} />
        <Figure label="Size" value={bytes(s.bytes)} />
      </div>
      <Facts rows={[
        ['Streams', <span class="num">{count(s.streams)}</span>],
        ['Batches', <span class="num">{count(s.batches)}</span>],
        ...(s.segments?.files ? [['Older months', `${count(s.segments.events)} events in ${count(s.segments.files)} files`] as [string, string]] : []),
        ['Newest hash', <span class="hash">{s.head_hash}</span>],
      ]} />
      <p class="muted">Keep the newest hash elsewhere (<code>novactl ledger anchor</code>): then nobody can cut off what came before it.</p>
    </div>
  );
}

function Whole({ l, reload }: { l: LedgerState; reload: () => void }): JSX.Element {
  const [said, setSaid] = useState<Outcome | null>(null);
  const verify = async () => {
    await post('/ledger/verify');
    return 'Verification has begun.';
  };
  return (
    <>
      {l.warnings.map((w) => <Notice key={w} tone="warn"><Said text={w} max={300} /></Notice>)}
      <Panel title="Verification" tools={(
        <>
          {said ? <OutcomeText outcome={said} /> : null}
          <Action label="Verify now" kind="primary" needs="operator" disabled={l.verify.state === 'running' ? 'it is being verified' : null} act={verify}
            told={(o) => {
              setSaid(o.ok ? null : o);
              reload();
            }} />
        </>
      )}>
        <Verdict v={l.verify} />
      </Panel>
      <Panel title="Figures">{l.stats ? <Figures s={l.stats} /> : <p class="muted">Not known while the engine is away.</p>}</Panel>
    </>
  );
}

export function HealthView(): JSX.Element {
  const [fast, setFast] = useState(false);
  const asked = useApi<LedgerState>('/ledger', fast ? 1000 : 10_000);
  const running = asked.data?.verify.state === 'running';
  if (running !== fast)
    setFast(running);
  return <div class="stack"><Answered asked={asked} lines={6}>{(l) => <Whole l={l} reload={asked.reload} />}</Answered></div>;
}

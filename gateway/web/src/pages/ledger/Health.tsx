// Is the ledger whole? A button that recomputes everything, and what it said last.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { post } from '../../api';
import { bytes, count, duration } from '../../format';
import { useApi, useNow } from '../../hooks';
import type { LedgerState, VerifyState } from '../../ledger';
import { Action, OutcomeText, type Outcome } from '../../ui/controls';
import { Answered, Facts, Figure, Panel } from '../../ui/frame';
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
    return <Running since={v.started} />;
  if (v.state === 'never')
    return <p class="muted">Not asked for since the gateway was started.</p>;
  if (!v.result)
    return <p class="loss"><State state="failed" label="Could not be verified" /> <Said text={v.error ?? ''} max={400} /></p>;
  const r = v.result;
  return (
    <div class="stack">
      <p>
        <State state={r.ok ? 'ok' : 'critical'} label={r.ok ? 'Whole' : 'Not whole'} />{' '}
        {r.ok ? `Every hash and every figure of ${count(r.checked_events)} events is right.`
          : `${count(r.n_problems)} problems in ${count(r.checked_events)} events: do not book on, keep a copy, and ask where it was changed.`}
      </p>
      <p class="muted">Verified <Ago time={v.finished} />{v.by ? <> for <Said text={v.by} max={64} /></> : null}{' '}(<Clock time={v.finished} seconds />)</p>
      {r.problems.length ? <Problems list={r.problems} more={r.n_problems - r.problems.length} /> : null}
    </div>
  );
}

function Whole({ l, reload }: { l: LedgerState; reload: () => void }): JSX.Element {
  const [said, setSaid] = useState<Outcome | null>(null);
  const running = l.verify?.state === 'running';
  const verify = async () => {
    await post('/ledger/verify');
    return 'Verification has begun.';
  };
  return (
    <>
      <Panel title="Verification" tools={(
        <>
          {said ? <OutcomeText outcome={said} /> : null}
          <Action label="Verify now" kind="primary" needs="operator" disabled={running ? 'it is being verified' : null} act={verify}
            told={(o) => {
              setSaid(o.ok ? null : o);
              reload();
            }} />
        </>
      )}>
        {l.verify ? <Verdict v={l.verify} /> : <p class="muted">Not asked for since the gateway was started.</p>}
      </Panel>
      <Panel title="Figures">
        <div class="stack">
          <div class="figures">
            <Figure label="Events" value={count(l.events)} />
            <Figure label="Refused lines" value={count(l.quarantined)} />
            <Figure label="Duplicates refused" value={count(l.duplicates_refused)} />
            <Figure label="Size" value={bytes(l.bytes)} />
          </div>
          <Facts rows={[
            ['Streams', <span class="num">{count(l.streams)}</span>],
            ['Batches', <span class="num">{count(l.batches)}</span>],
            ...(l.segments?.files ? [['Older months', `${count(l.segments.events)} events in ${count(l.segments.files)} files`] as [string, string]] : []),
            ['Newest hash', <span class="hash">{l.head_hash}</span>],
          ]} />
          <p class="muted">Keep the newest hash elsewhere (<code>novactl ledger anchor</code>): then nobody can cut off what came before it.</p>
        </div>
      </Panel>
    </>
  );
}

export function HealthView(): JSX.Element {
  const [fast, setFast] = useState(false);
  const asked = useApi<LedgerState>('/ledger', fast ? 1000 : 10_000);
  const running = asked.data?.verify?.state === 'running';
  if (running !== fast)
    setFast(running);
  return <div class="stack"><Answered asked={asked} lines={6}>{(l) => <Whole l={l} reload={asked.reload} />}</Answered></div>;
}

// Acting on several workers: one after the other, and of each what the server answered.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { actOnWorker } from '../../act';
import type { WorkerVerb } from '../../act';
import { count } from '../../format';
import { Confirm, OutcomeText, outcomeOf, useMay } from '../../ui/controls';
import type { Outcome } from '../../ui/controls';
import { Said, WorkerLink } from '../../ui/text';

interface Result {
  worker: string;
  outcome: Outcome;
}

interface Going {
  verb: WorkerVerb;
  total: number;
  results: Result[];
  over: boolean;
}

const VERBS: { verb: WorkerVerb; label: string; asks: string | null }[] = [
  { verb: 'start', label: 'Start', asks: null },
  { verb: 'stop', label: 'Stop', asks: 'Their processes are ended; they stay stopped until somebody starts them.' },
  { verb: 'pause', label: 'Pause', asks: null },
  { verb: 'resume', label: 'Resume', asks: null },
  { verb: 'restart', label: 'Restart', asks: 'Each is stopped and started again; what it is doing is cut off after its grace.' },
];

function Told({ going, close }: { going: Going; close: () => void }): JSX.Element {
  const bad = going.results.filter((r) => !r.outcome.ok);
  return (
    <div class="bulk-told" role="status">
      <span>
        {going.verb}: {count(going.results.length)} of {count(going.total)} answered
        {bad.length ? <span class="loss">, {count(bad.length)} not done</span> : null}
        {going.over ? '.' : '…'}
      </span>
      {going.over ? <button type="button" class="btn small" onClick={close}>Close</button> : null}
      <ul class="bulk-list">
        {(bad.length ? bad : going.results.slice(-3)).slice(0, 20).map((r) => (
          <li key={r.worker}><WorkerLink name={r.worker} /> <OutcomeText outcome={r.outcome} /></li>
        ))}
      </ul>
    </div>
  );
}

export function Bulk({ selected, hidden, clear }: { selected: string[]; hidden: number; clear: () => void }): JSX.Element | null {
  const [asked, setAsked] = useState<(typeof VERBS)[number] | null>(null);
  const [scaling, setScaling] = useState(false);
  const [instances, setInstances] = useState('2');
  const [going, setGoing] = useState<Going | null>(null);
  const forbidden = useMay('operator');
  const busy = going !== null && !going.over;

  const run = async (verb: WorkerVerb, body: Record<string, unknown> = {}) => {
    const results: Result[] = [];
    const say = (over: boolean) => setGoing({ verb, total: selected.length, results: [...results], over });
    say(false);
    for (const worker of selected) {
      results.push({ worker, outcome: await outcomeOf(() => actOnWorker(worker, verb, body)) });
      say(false);
    }
    say(true);
  };

  if (selected.length === 0 && !going)
    return null;
  const scaleTo = Number(instances);
  return (
    <div class="bulk panel">
      {selected.length ? (
        <div class="row">
          <b>{count(selected.length)} selected</b>
          {hidden ? <span class="warn-text">{count(hidden)} of them hidden by the filter</span> : null}
          {VERBS.map((v) => (
            <button key={v.verb} type="button" class="btn small" disabled={busy || forbidden !== null} title={forbidden ?? undefined}
              onClick={() => (v.asks ? setAsked(v) : void run(v.verb))}>{v.label}{v.asks ? '…' : ''}</button>
          ))}
          <button type="button" class="btn small" disabled={busy || forbidden !== null} title={forbidden ?? undefined} onClick={() => setScaling(true)}>Scale…</button>
          <button type="button" class="btn small" disabled={busy} onClick={clear}>Select none</button>
        </div>
      ) : null}
      {going ? <Told going={going} close={() => setGoing(null)} /> : null}
      {asked ? (
        <Confirm title={`${asked.label} ${count(selected.length)} ${selected.length === 1 ? 'worker' : 'workers'}?`} confirm={asked.label}
          act={() => {
            void run(asked.verb);
            return Promise.resolve('');
          }} close={() => setAsked(null)}>
          <p>{asked.asks}</p>
          <p class="muted"><Said text={selected.slice(0, 8).join(', ')} max={600} />{selected.length > 8 ? ` and ${count(selected.length - 8)} more` : ''}</p>
        </Confirm>
      ) : null}
      {scaling ? (
        <Confirm title={`Scale ${count(selected.length)} ${selected.length === 1 ? 'worker' : 'workers'}?`} confirm="Scale"
          act={async () => {
            if (!Number.isInteger(scaleTo) || scaleTo < 0 || scaleTo > 10000 || instances.trim() === '')
              throw new Error('say a whole number of instances');
            void run('scale', { instances: scaleTo });
            return '';
          }} close={() => setScaling(false)}>
          <label class="field">
            <span>Instances of each (more instances spend more)</span>
            <input type="number" min={0} max={10000} step={1} value={instances} onInput={(e) => setInstances(e.currentTarget.value)} />
          </label>
        </Confirm>
      ) : null}
    </div>
  );
}

// What may be done to a worker. The button waits for the server, and says what it said.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { actOnWorker } from '../../act';
import type { WorkerVerb } from '../../act';
import { Action, Confirm, OutcomeText, useMay } from '../../ui/controls';
import type { Outcome } from '../../ui/controls';
import { Said } from '../../ui/text';
import type { WorkerRow } from '../../types';

const ENDED = new Set(['stopped', 'halted', 'crashed', 'killed']);

function ScaleDialog({ row, bounds, close }: { row: WorkerRow; bounds: string; close: (o: Outcome | null) => void }): JSX.Element {
  const [n, setN] = useState(String(row.desired));
  return (
    <Confirm title={<>Scale <Said text={row.worker} max={64} /></>} confirm="Scale" close={close} act={() => {
      const instances = Number(n);
      if (n.trim() === '' || !Number.isInteger(instances) || instances < 0)
        return Promise.reject(new Error('say a whole number of instances'));
      return actOnWorker(row.worker, 'scale', { instances });
    }}>
      <p>{row.up} run, {row.desired} wanted{bounds}. More instances spend more.</p>
      <label class="field">
        <span>Instances</span>
        <input type="number" min={0} max={10000} step={1} value={n} onInput={(e) => setN(e.currentTarget.value)} />
      </label>
    </Confirm>
  );
}

type Asked = 'stop' | 'restart' | 'scale' | 'kill' | null;

export function Actions({ row, bounds }: { row: WorkerRow; bounds: string }): JSX.Element {
  const [asked, setAsked] = useState<Asked>(null);
  const [said, setSaid] = useState<Outcome | null>(null);
  const may = useMay('operator');
  const mayKill = useMay('admin');
  const done = (o: Outcome | null) => {
    setAsked(null);
    if (o)
      setSaid({ ...o, text: `${row.worker}: ${o.text}` });
  };
  const at = (verb: WorkerVerb, label: string) => (
    <Action key={verb} label={label} needs="operator" act={() => actOnWorker(row.worker, verb)} told={done} />
  );
  const ask = (what: Asked, label: string, why: string | null, kind = '') => (
    <button type="button" class={`btn ${kind}`} disabled={why !== null} title={why ?? undefined} onClick={() => setAsked(what)}>{label}…</button>
  );
  const killed = row.state === 'killed';
  return (
    <div class="actions">
      <div class="row">
        {ENDED.has(row.state) ? <Action label="Start" kind="primary" needs="operator" disabled={killed ? 'it was killed: novactl deploy brings it back' : null}
          act={() => actOnWorker(row.worker, 'start')} told={done} /> : null}
        {row.paused ? at('resume', 'Resume') : ENDED.has(row.state) ? null : at('pause', 'Pause')}
        {ENDED.has(row.state) ? null : ask('restart', 'Restart', may)}
        {killed ? null : ask('scale', 'Scale', may)}
        {ENDED.has(row.state) ? null : ask('stop', 'Stop', may)}
        {killed ? null : ask('kill', 'Kill', mayKill, 'danger')}
      </div>
      {said ? <p><OutcomeText outcome={said} /></p> : null}
      {asked === 'scale' ? <ScaleDialog row={row} bounds={bounds} close={done} /> : null}
      {asked === 'stop' || asked === 'restart' ? (
        <Confirm title={<>{asked === 'stop' ? 'Stop' : 'Restart'} <Said text={row.worker} max={64} />?</>} confirm={asked === 'stop' ? 'Stop' : 'Restart'}
          act={() => actOnWorker(row.worker, asked)} close={done}>
          <p>{asked === 'stop' ? 'Its processes are ended; it stays stopped until somebody starts it.'
            : 'Its instances are stopped and started again; what they are doing is cut off after their grace.'}</p>
        </Confirm>
      ) : null}
      {asked === 'kill' ? (
        <Confirm title={<>Kill <Said text={row.worker} max={64} />?</>} confirm="Kill" kind="danger" reason="required" typed={row.worker}
          act={(reason) => actOnWorker(row.worker, 'kill', { reason })} close={done}>
          <p>It is ended for good, and the ledger remembers why. Only <code>novactl deploy</code> brings it back.</p>
        </Confirm>
      ) : null}
    </div>
  );
}

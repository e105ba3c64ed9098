// Is everything running? Counts by state, and the names of what is wrong.
import type { JSX } from 'preact';
import { count, counted, duration } from '../../format';
import { useStore } from '../../store';
import { fleet } from '../../stream';
import type { Overview, WorkerRow } from '../../types';
import { isWrong } from '../../wrong';
import { Empty, Panel } from '../../ui/frame';
import { Link, Said, State, WorkerLink } from '../../ui/text';

// What is wrong comes first.
const ORDER = ['halted', 'crashed', 'unknown', 'running', 'starting', 'stopping', 'waiting', 'paused', 'stopped'] as const;
const SHOWN = 5;

function why(row: WorkerRow): string {
  const retry = row.retry_in_s ? `; tried again in ${duration(row.retry_in_s)}` : '';
  return `${row.trouble || row.reason || row.last_error || 'no reason is known'}${retry}`;
}

function Wrong({ well }: { well: boolean }): JSX.Element | null {
  const rows = useStore(fleet, (f) => f?.rows ?? null);
  if (!rows)
    return <p class="muted">Looking at the workers…</p>;
  const wrong = [...rows.values()].filter(isWrong).sort((a, b) => a.state < b.state ? 1 : a.state > b.state ? -1 : a.worker < b.worker ? -1 : 1);
  if (wrong.length === 0)
    return well ? <p class="all-well"><State state="running" label="Nothing is wrong" /></p> : null;
  return (
    <>
      <ul class="list">
        {wrong.slice(0, SHOWN).map((r) => (
          <li key={r.worker}>
            <div class="row spread"><WorkerLink name={r.worker} /><State state={r.state} tone="bad" /></div>
            <div class="muted note"><Said text={why(r)} max={400} lines={1} /></div>
          </li>
        ))}
      </ul>
      {wrong.length > SHOWN ? <p class="more"><Link href="/fleet?state=wrong">All {count(wrong.length)} that need a look</Link></p> : null}
    </>
  );
}

export function HealthPanel({ o }: { o: Overview }): JSX.Element {
  const c = o.workers;
  const bad = (o.processes ?? []).filter((p) => p.state !== 'up' && p.state !== 'running');
  return (
    <Panel title="Fleet" note={c ? counted(c.total, 'worker') : null}
      tools={<Link href="/fleet">All workers</Link>}>
      {c === null ? <p class="muted">Not known: novasupd does not answer.</p> : c.total === 0 ? (
        <Empty command="novactl deploy GROUP WORKER --command ./agent.sh">No workers yet. A file in workers.d/ makes a program a worker, or:</Empty>
      ) : (
        <>
          <ul class="counts">
            {ORDER.filter((s) => c[s] > 0 || s === 'running').map((s) => (
              <li key={s}><Link href={`/fleet?state=${s}`}><span class="num big">{count(c[s])}</span> <State state={s} /></Link></li>
            ))}
          </ul>
          {bad.length > 0 ? (
            <ul class="list">
              {bad.map((p) => (
                <li key={p.name}>
                  <div class="row spread"><span class="worker">{p.name}</span><State state={p.state} tone="bad" /></div>
                  {p.last_exit ? <div class="muted note"><Said text={p.last_exit} max={200} lines={1} /></div> : null}
                </li>
              ))}
            </ul>
          ) : null}
          <Wrong well={bad.length === 0 && !o.stop} />
        </>
      )}
    </Panel>
  );
}

// What is booked, as it is booked: filtered, held still, and each event in full.
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { words } from '../../format';
import { useQuery } from '../../router';
import type { EventRow } from '../../types';
import { Dialog, Search, Select } from '../../ui/controls';
import { WorkerField } from '../../ui/field';
import { Empty, ErrorNote, Loading, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { Clock, Money, Said, WorkerLink } from '../../ui/text';
import { Values } from '../../ui/values';
import { useTail } from './tail';

const KINDS = ['cost', 'revenue', 'refund', 'dispute', 'fee', 'payout', 'run', 'heartbeat', 'metric', 'webhook', 'decision', 'start', 'exit', 'state', 'grant', 'imported'];

const SAID = ['category', 'source', 'status', 'name', 'value', 'state', 'cause', 'detail', 'text', 'reason', 'error', 'note'] as const;

// The line as its writer said it: what is no field of the ledger's own is only there.
function saidIn(line: string | undefined): Record<string, unknown> {
  try {
    const said: unknown = JSON.parse(line ?? '');
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function about(row: EventRow & { ok?: boolean; duration_ms?: number }): string {
  const said = { ...saidIn(row.line), ...row } as Record<string, unknown>;
  // Of numbers only that of a metric says something by itself.
  const parts = SAID.filter((key) => (typeof said[key] === 'string' && said[key] !== '') || (key === 'value' && typeof said[key] === 'number'))
    .map((key) => String(said[key]));
  if (row.ok !== undefined)
    parts.unshift(row.ok ? 'good' : 'failed');
  if (row.duration_ms !== undefined)
    parts.push(`${row.duration_ms.toLocaleString('en-US')} ms`);
  return [...new Set(parts)].join(' · ');
}

function columnsOf(open: (row: EventRow) => void): Column<EventRow>[] {
  return [
    { key: 'seq', head: 'No.', right: true, phone: false, cell: (r) => r.seq },
    { key: 'at', head: 'When', cell: (r) => <Clock time={r.at} seconds /> },
    { key: 'worker', head: 'Worker', cell: (r) => (r.worker ? <WorkerLink name={r.worker} /> : <span class="muted">Nova</span>) },
    {
      key: 'kind', head: 'Event',
      cell: (r) => <button type="button" class="link" aria-label={`${words(r.kind)}, event ${r.seq} in full`} onClick={() => open(r)}>{words(r.kind)}</button>,
    },
    { key: 'amount', head: 'Amount', right: true, cell: (r) => (r.amount ? <Money amount={r.amount} currency={r.currency} exact /> : '') },
    { key: 'about', head: 'About', wide: true, phone: false, cell: (r) => <Said text={about(r)} max={300} lines={1} /> },
  ];
}

function InFull({ row, close }: { row: EventRow; close: () => void }): JSX.Element {
  const { line, seq, ...rest } = row;
  return (
    <Dialog title={`Event ${seq}`} close={close}>
      <Values of={rest as Record<string, unknown>} currency={row.currency ?? 'USD'} />
      {line ? <><h3>As it was said</h3><code class="pre"><Said text={line} max={8192} /></code></> : null}
      <p class="muted">A proof for others: <code>novactl ledger prove {seq}</code></p>
      <div class="dialog-tools"><button type="button" class="btn" onClick={close}>Close</button></div>
    </Dialog>
  );
}

function Rows({ rows, all, open, ofOne }: { rows: EventRow[]; all: number; open: (row: EventRow) => void; ofOne: boolean }): JSX.Element {
  const columns = useMemo(() => columnsOf(open).filter((c) => !ofOne || c.key !== 'worker'), [open, ofOne]);
  if (all === 0)
    return <Empty command={'echo \'{"event":"cost","amount":"0.02"}\' >&3'}>Nothing was said yet. What a worker costs and earns it writes to descriptor 3:</Empty>;
  if (rows.length === 0)
    return <Empty>None of the newest {all} events fits the filter.</Empty>;
  return <div class="events"><Table caption="Newest events" rows={rows} columns={columns} id={(r) => r.seq} open={open} /></div>;
}

// Of one worker, or of all: then it can be chosen.
export function EventsPanel({ worker: only }: { worker?: string }): JSX.Element {
  const [query, change] = useQuery();
  const [paused, setPaused] = useState(false);
  const [shown, setShown] = useState<EventRow | null>(null);
  const worker = only ?? query.get('worker') ?? '';
  const kind = query.get('kind') ?? '';
  const text = (query.get('q') ?? '').toLowerCase();
  const tail = useTail(worker || null, paused);
  const rows = tail.rows.filter((r) => (!kind || r.kind === kind) && (!text || JSON.stringify(r).toLowerCase().includes(text)));
  return (
    <Panel title="Events" note={paused ? `paused, ${tail.waiting} new` : 'newest first, live'} flush tools={(
      <>
        <Search label="Filter" value={query.get('q') ?? ''} change={(q) => change({ q })} />
        {only === undefined ? <WorkerField label="One worker" value={worker} change={(w) => change({ worker: w })} /> : null}
        <Select label="Event" value={kind} change={(k) => change({ kind: k })} options={[['', 'All events'], ...KINDS.map((k) => [k, k] as const)]} />
        <button type="button" class="btn" aria-pressed={paused} onClick={() => setPaused(!paused)}>{paused ? 'Go on' : 'Pause'}</button>
      </>
    )}>
      {tail.error ? <ErrorNote error={tail.error} retry={tail.reload} /> : null}
      {tail.loaded || tail.rows.length ? <Rows rows={rows} all={tail.rows.length} open={setShown} ofOne={only !== undefined} />
        : tail.error ? null : <Loading lines={8} />}
      {shown ? <InFull row={shown} close={() => setShown(null)} /> : null}
    </Panel>
  );
}

export const EventsView = (): JSX.Element => <EventsPanel />;

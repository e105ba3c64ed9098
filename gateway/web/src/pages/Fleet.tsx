// Every worker: where it stands, what it uses, what it earns; and acting on several at once.
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { withQuery } from '../api';
import { count, counted, words } from '../format';
import { useApi, useKey, useTitle } from '../hooks';
import { useQuery } from '../router';
import { useStore } from '../store';
import { fleet, overview } from '../stream';
import { Choice, Search, Select } from '../ui/controls';
import { Empty, PageHead, Waiting } from '../ui/frame';
import { isWrong } from '../wrong';
import type { WorkerRow } from '../types';
import { Bulk } from './fleet/Bulk';
import { List } from './fleet/List';
import { lines as linesOf, shownRows } from './fleet/rows';
import type { Line, View } from './fleet/rows';

// The states there are now, with how many workers are in each.
function statesOf(all: ReadonlyMap<string, WorkerRow> | null, wanted: string): [string, string][] {
  const rows = [...(all?.values() ?? [])];
  const counts = new Map<string, number>(wanted && wanted !== 'wrong' ? [[wanted, 0]] : []);
  for (const r of rows)
    counts.set(r.state, (counts.get(r.state) ?? 0) + 1);
  const each = [...counts].sort().map(([s, n]): [string, string] => [s, `${words(s)} (${count(n)})`]);
  return [['', 'All states'], ['wrong', `To look at (${count(rows.filter(isWrong).length)})`], ...each];
}

interface ProfitRows {
  currency: string;
  rows: { key: string; profit: string }[];
}

function toggled(set: ReadonlySet<string>, key: string, on: boolean): Set<string> {
  const next = new Set(set);
  if (on)
    next.add(key);
  else
    next.delete(key);
  return next;
}

const PROFITS_MAX = 10000;

// Who is in none of the rows has moved no money today: that is known, and zero. Where the rows
// are cut, or not there yet, nothing is known of him.
function profitsOf(rows: ProfitRows['rows'] | null, all: ReadonlyMap<string, unknown> | null): Map<string, string> {
  const found = new Map((rows ?? []).map((r) => [r.key, r.profit]));
  if (rows && rows.length < PROFITS_MAX)
    for (const worker of all?.keys() ?? [])
      if (!found.has(worker))
        found.set(worker, '0');
  return found;
}

export function FleetPage(): JSX.Element {
  useTitle('Fleet');
  const all = useStore(fleet, (f) => f?.rows ?? null);
  const currency = useStore(overview, (o) => o?.currency ?? 'USD');
  const [query, change] = useQuery();
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const search = useRef<HTMLInputElement | null>(null);
  const today = useApi<ProfitRows>(withQuery('/pnl', { period: 'today', by: 'worker', limit: PROFITS_MAX }), 15_000);
  useKey('/', (e) => {
    e.preventDefault();
    search.current?.focus();
  });

  const text = query.get('q') ?? '';
  const state = query.get('state') ?? '';
  const by = query.get('by') ?? 'name';
  const flat = query.get('flat') === '1';
  const view: View = { text, state, by, flat, closed, open };
  const profits = useMemo(() => profitsOf(today.data?.rows ?? null, all), [today.data, all]);
  const shown = useMemo(() => (all ? shownRows(all.values(), view) : []), [all, text, state]);
  const lines = useMemo(() => linesOf(shown, view, profits), [shown, by, flat, closed, open, profits]);
  const states = useMemo(() => statesOf(all, state), [all, state]);
  const chosen = [...selected].filter((n) => all?.has(n));
  const inSight = useMemo(() => new Set(shown.map((r) => r.worker)), [shown]);
  const hidden = chosen.filter((n) => !inSight.has(n)).length;

  const isOpen = (l: Line) => (l.kind === 'group' ? !closed.has(l.group) : l.kind === 'worker' && open.has(l.row.worker));
  const unfold = (l: Line, on: boolean) => {
    if (l.kind === 'group')
      setClosed((s) => toggled(s, l.group, !on));
    else if (l.kind === 'worker')
      setOpen((s) => toggled(s, l.row.worker, on));
  };
  const select = (names: string[], on: boolean) => setSelected((s) => {
    const next = new Set(s);
    for (const n of names)
      if (on)
        next.add(n);
      else
        next.delete(n);
    return next;
  });

  return (
    <>
      <PageHead title="Fleet" sub={all ? shown.length === all.size ? counted(all.size, 'worker') : `${count(shown.length)} of ${counted(all.size, 'worker')}` : null}>
        <Search label="Filter ( / )" value={text} change={(q) => change({ q })} focusRef={search} />
        <Select label="State" value={state} options={states} change={(s) => change({ state: s })} />
        <Choice label="Arrangement" value={flat ? '1' : ''} options={[['', 'By group'], ['1', 'One list']]} change={(f) => change({ flat: f })} />
        <button type="button" class="btn" onClick={() => select(shown.map((r) => r.worker), true)} disabled={shown.length === 0}>Select all</button>
      </PageHead>
      {today.error ? <p class="warn-text note" role="status">Profits of today are not known: {today.error.message}</p> : null}
      {!all ? <Waiting lines={10} />
        : all.size === 0 ? <Empty command="novactl deploy GROUP WORKER --command ./agent.sh">No workers yet. A file in workers.d/ makes a program a worker; or put one into service:</Empty>
          : lines.length === 0 ? <Empty>No worker matches. <button type="button" class="btn small" onClick={() => change({ q: null, state: null })}>Show all</button></Empty>
            : <List lines={lines} profits={profits} currency={today.data?.currency ?? currency} by={by} sort={(b) => change({ by: b === 'name' ? null : b })}
              selected={selected} select={select} unfold={unfold} isOpen={isOpen} />}
      <Bulk selected={chosen} hidden={hidden} clear={() => setSelected(new Set())} />
      <p class="muted note keys">↑ ↓ move, → ← unfold, Space selects, Enter opens, / filters, g o goes to the overview</p>
    </>
  );
}

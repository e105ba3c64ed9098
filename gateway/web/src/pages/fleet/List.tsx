// The lines of the fleet, a thousand and more: only those in sight are drawn. A tree grid: the
// focus is on the list, one line of it is active.
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Sparkline } from '../../charts/Sparkline';
import { bytes, count, duration, percent } from '../../format';
import { navigate } from '../../router';
import { SortHead } from '../../ui/table';
import { Money, Said, State, WorkerLink } from '../../ui/text';
import { uptimeOf } from './rows';
import type { Line, Profits } from './rows';

const LINE_PX = 34;
const AROUND = 8; // lines drawn above and below what is seen

interface ListProps {
  lines: Line[];
  profits: Profits;
  currency: string;
  by: string;
  sort: (by: string) => void;
  selected: ReadonlySet<string>;
  select: (workers: string[], on: boolean) => void;
  unfold: (line: Line, open: boolean) => void;
  isOpen: (line: Line) => boolean;
}

const COLUMNS: { key: string; head: string; right?: boolean; class: string }[] = [
  { key: 'name', head: 'Worker', class: 'c-name' },
  { key: 'state', head: 'State', class: 'c-state' },
  { key: 'up', head: 'Up', right: true, class: 'c-up' },
  { key: 'cpu', head: 'CPU', right: true, class: 'c-cpu' },
  { key: 'memory', head: 'Memory', right: true, class: 'c-mem' },
  { key: 'uptime', head: 'Uptime', right: true, class: 'c-age' },
  { key: 'restarts', head: 'Restarts', right: true, class: 'c-restarts' },
  { key: 'profit', head: 'Profit today', right: true, class: 'c-profit' },
];

function Cell({ class: name, children }: { class: string; children?: JSX.Element | string | null }): JSX.Element {
  return <div role="gridcell" class={`c ${name}`}>{children}</div>;
}

function Fold({ open, toggle, label }: { open: boolean; toggle: () => void; label: string }): JSX.Element {
  return (
    <button type="button" class="fold" tabIndex={-1} aria-label={`${open ? 'Fold' : 'Unfold'} ${label}`} onClick={toggle}>
      <span aria-hidden="true">{open ? '▾' : '▸'}</span>
    </button>
  );
}

function Pick({ on, label, pick }: { on: boolean | 'some'; label: string; pick: (on: boolean) => void }): JSX.Element {
  const ref = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (ref.current)
      ref.current.indeterminate = on === 'some';
  }, [on]);
  return <input ref={ref} type="checkbox" tabIndex={-1} checked={on === true} aria-label={label} onChange={(e) => pick(e.currentTarget.checked)} />;
}

function GroupCells({ line, p }: { line: Line & { kind: 'group' }; p: ListProps }): JSX.Element {
  const names = line.workers.map((w) => w.worker);
  const on = names.filter((n) => p.selected.has(n)).length;
  return (
    <>
      <Cell class="c-name">
        <>
          <Pick on={on === 0 ? false : on === names.length ? true : 'some'} label={`Select group ${line.group}`} pick={(v) => p.select(names, v)} />
          <Fold open={p.isOpen(line)} toggle={() => p.unfold(line, !p.isOpen(line))} label={line.group} />
          <b><Said text={line.group} max={64} lines={1} /></b>
        </>
      </Cell>
      <Cell class="c-group">
        <span class="muted">{count(line.up)} of {count(line.workers.length)} running{line.wrong
          ? <span class="loss">, {count(line.wrong)} to look at</span> : null}</span>
      </Cell>
    </>
  );
}

function WorkerCells({ line, p }: { line: Line & { kind: 'worker' }; p: ListProps }): JSX.Element {
  const r = line.row;
  return (
    <>
      <Cell class="c-name">
        <>
          <Pick on={p.selected.has(r.worker)} label={`Select ${r.worker}`} pick={(v) => p.select([r.worker], v)} />
          <Fold open={p.isOpen(line)} toggle={() => p.unfold(line, !p.isOpen(line))} label={r.worker} />
          <WorkerLink name={r.worker} tabIndex={-1} />
          {r.last_status ? <span class="muted status"><Said text={r.last_status} max={160} lines={1} /></span> : null}
        </>
      </Cell>
      <Cell class="c-state"><State state={r.state} /></Cell>
      <Cell class="c-up">{r.up === r.desired ? `${r.up}` : `${r.up}/${r.desired}`}</Cell>
      <Cell class="c-cpu">{r.up ? percent(r.cpu_percent) : '–'}</Cell>
      <Cell class="c-mem">{r.up ? bytes(r.memory_bytes) : '–'}</Cell>
      <Cell class="c-age">{duration(uptimeOf(r))}</Cell>
      <Cell class="c-restarts">{count(r.restarts)}</Cell>
      <Cell class="c-profit"><Money amount={p.profits.get(r.worker)} currency={p.currency} tone /></Cell>
      <Cell class="c-spark">{r.spark ? <Sparkline values={r.spark} label="Profit of the last 24 hours" /> : null}</Cell>
    </>
  );
}

function InstanceCells({ line }: { line: Line & { kind: 'instance' } }): JSX.Element {
  const i = line.instance;
  return (
    <>
      <Cell class="c-name">
        <span class="muted">#{i.instance} · generation {i.generation}{i.pid ? ` · pid ${i.pid}` : ''}
          {i.last_exit ? <> · last <Said text={i.last_exit} max={120} /></> : null}</span>
      </Cell>
      <Cell class="c-state"><State state={i.state} /></Cell>
      <Cell class="c-up" />
      <Cell class="c-cpu">{i.resources ? percent(i.resources.cpu_percent) : '–'}</Cell>
      <Cell class="c-mem">{i.resources ? bytes(i.resources.rss_bytes) : '–'}</Cell>
      <Cell class="c-age">{duration(i.uptime_s)}</Cell>
      <Cell class="c-restarts">{count(i.restarts)}</Cell>
      <Cell class="c-profit" />
      <Cell class="c-spark" />
    </>
  );
}

const levelOf = (line: Line): number => (line.kind === 'group' ? 1 : line.kind === 'worker' ? 2 : 3);
const workersOf = (line: Line): string[] => (line.kind === 'group' ? line.workers.map((w) => w.worker) : [line.row.worker]);

// The part of the lines that is in sight, by how far the box is scrolled.
function useSight(n: number): { box: { current: HTMLDivElement | null }; from: number; to: number; scrolled: () => void } {
  const box = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ from: 0, to: 40 });
  const scrolled = () => {
    const b = box.current;
    if (!b)
      return;
    const from = Math.max(0, Math.floor(b.scrollTop / LINE_PX) - AROUND);
    const to = Math.ceil((b.scrollTop + b.clientHeight) / LINE_PX) + AROUND;
    setSight((s) => (s.from === from && s.to === to ? s : { from, to }));
  };
  useLayoutEffect(scrolled, [n]);
  useEffect(() => {
    const b = box.current;
    if (!b)
      return undefined;
    const o = new ResizeObserver(scrolled);
    o.observe(b);
    return () => o.disconnect();
  }, []);
  return { box, from: Math.min(sight.from, n), to: Math.min(sight.to, n), scrolled };
}

export function List(p: ListProps): JSX.Element {
  const { box, from, to, scrolled } = useSight(p.lines.length);
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const active = Math.max(0, p.lines.findIndex((l) => l.key === activeKey));

  const go = (to: number) => {
    const at = Math.max(0, Math.min(p.lines.length - 1, to));
    setActiveKey(p.lines[at]?.key ?? null);
    const b = box.current;
    if (!b)
      return;
    const top = at * LINE_PX;
    if (top < b.scrollTop)
      b.scrollTop = top;
    else if (top + LINE_PX > b.scrollTop + b.clientHeight - LINE_PX)
      b.scrollTop = top + 2 * LINE_PX - b.clientHeight; // the head covers one
  };
  const page = () => Math.max(1, Math.floor((box.current?.clientHeight ?? 400) / LINE_PX) - 2);
  const keys: Record<string, (line: Line) => void> = {
    ArrowDown: () => go(active + 1),
    ArrowUp: () => go(active - 1),
    PageDown: () => go(active + page()),
    PageUp: () => go(active - page()),
    Home: () => go(0),
    End: () => go(p.lines.length - 1),
    ArrowRight: (l) => p.unfold(l, true),
    ArrowLeft: (l) => {
      if (p.isOpen(l))
        p.unfold(l, false);
      else
        go(p.lines.slice(0, active).findLastIndex((x) => levelOf(x) < levelOf(l)));
    },
    ' ': (l) => {
      const names = workersOf(l);
      p.select(names, !names.every((n) => p.selected.has(n)));
    },
    Enter: (l) => {
      if (l.kind === 'group')
        p.unfold(l, !p.isOpen(l));
      else
        navigate(`/workers/${encodeURIComponent(l.row.worker)}`);
    },
  };
  const pressed = (e: KeyboardEvent) => {
    const line = p.lines[active];
    const act = keys[e.key];
    if (!act || !line || e.ctrlKey || e.metaKey || e.altKey || (e.target !== box.current && (e.key === ' ' || e.key === 'Enter')))
      return;
    e.preventDefault();
    act(line);
  };

  return (
    <div class="grid" role="treegrid" aria-label="Workers" aria-rowcount={p.lines.length + 1} aria-multiselectable="true" ref={box}
      tabIndex={0} aria-activedescendant={p.lines[active] ? `l-${active}` : undefined} onScroll={scrolled} onKeyDown={pressed}>
      <div class="line head" role="row" aria-rowindex={1}>
        {COLUMNS.map((c) => (
          <div key={c.key} role="columnheader" class={`c ${c.class}`}
            aria-sort={p.by === c.key ? 'ascending' : p.by === `-${c.key}` ? 'descending' : 'none'}>
            <SortHead column={c} by={p.by} change={p.sort} right={c.right ?? false} />
          </div>
        ))}
        <div role="columnheader" class="c c-spark">24 hours</div>
      </div>
      <div class="lines" role="rowgroup" style={{ height: `${p.lines.length * LINE_PX}px` }}>
        {p.lines.slice(from, to).map((line, i) => (
          <div key={line.key} id={`l-${from + i}`} role="row" aria-rowindex={from + i + 2} aria-level={levelOf(line)}
            aria-expanded={line.kind === 'instance' ? undefined : p.isOpen(line)}
            aria-selected={line.kind === 'worker' ? p.selected.has(line.row.worker) : undefined}
            class={`line ${line.kind} ${from + i === active ? 'active' : ''}`}
            style={{ transform: `translateY(${(from + i) * LINE_PX}px)` }}
            onMouseDown={() => setActiveKey(line.key)}>
            {line.kind === 'group' ? <GroupCells line={line} p={p} />
              : line.kind === 'worker' ? <WorkerCells line={line} p={p} /> : <InstanceCells line={line} />}
          </div>
        ))}
      </div>
    </div>
  );
}

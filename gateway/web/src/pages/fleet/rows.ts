// The list of the fleet as lines: groups, workers, instances. Pure: what is shown is a function
// of the rows, what is unfolded, the filter and the order.
import { nanos } from '../../format';
import type { Instance, WorkerRow } from '../../types';
import { compare } from '../../compare';
import { isWrong } from '../../wrong';

export type Line =
  | { kind: 'group'; key: string; group: string; workers: WorkerRow[]; up: number; wrong: number }
  | { kind: 'worker'; key: string; row: WorkerRow }
  | { kind: 'instance'; key: string; row: WorkerRow; instance: Instance };

export interface View {
  text: string;
  state: string; // "", "wrong", or a state
  by: string; // key of a column, "-" in front: downwards
  flat: boolean; // without groups: sorted over the whole fleet
  closed: ReadonlySet<string>; // groups
  open: ReadonlySet<string>; // workers
}

export type Profits = ReadonlyMap<string, string>;

type Key = string | number | bigint | null;

// The oldest instance that runs.
export function uptimeOf(row: WorkerRow): number | null {
  const up = row.instances.map((i) => i.uptime_s ?? -1).filter((s) => s >= 0);
  return up.length ? Math.max(...up) : null;
}

const sortKeys: Record<string, (row: WorkerRow, profits: Profits) => Key> = {
  name: (r) => r.worker,
  state: (r) => r.state,
  up: (r) => r.up,
  cpu: (r) => r.cpu_percent ?? null,
  memory: (r) => r.memory_bytes ?? null,
  uptime: uptimeOf,
  restarts: (r) => r.restarts,
  profit: (r, profits) => nanos(profits.get(r.worker)),
};

export function matches(row: WorkerRow, view: Pick<View, 'text' | 'state'>): boolean {
  if (view.state === 'wrong' ? !isWrong(row) : view.state && row.state !== view.state)
    return false;
  const words = view.text.toLowerCase().split(/\s+/).filter(Boolean);
  const text = `${row.worker} ${row.group} ${row.state} ${row.last_status ?? ''} ${row.reason ?? ''}`.toLowerCase();
  return words.every((w) => text.includes(w));
}

function ordered(rows: WorkerRow[], view: View, profits: Profits): WorkerRow[] {
  const down = view.by.startsWith('-');
  const key = sortKeys[down ? view.by.slice(1) : view.by] ?? (sortKeys['name'] as (r: WorkerRow) => Key);
  const keyed = rows.map((row) => ({ row, k: key(row, profits) }));
  keyed.sort((a, b) => {
    const c = a.k === null || b.k === null || !down ? compare(a.k, b.k) : compare(b.k, a.k);
    return c || compare(a.row.worker, b.row.worker);
  });
  return keyed.map((k) => k.row);
}

function* linesOf(rows: WorkerRow[], view: View): Generator<Line> {
  for (const row of rows) {
    yield { kind: 'worker', key: `w/${row.worker}`, row };
    if (view.open.has(row.worker))
      for (const instance of row.instances)
        yield { kind: 'instance', key: `i/${row.worker}/${instance.instance}`, row, instance };
  }
}

export function shownRows(all: Iterable<WorkerRow>, view: View): WorkerRow[] {
  return [...all].filter((r) => matches(r, view));
}

export function lines(shown: WorkerRow[], view: View, profits: Profits): Line[] {
  const rows = ordered(shown, view, profits);
  if (view.flat)
    return [...linesOf(rows, view)];
  const groups = new Map<string, WorkerRow[]>();
  for (const row of rows) {
    const of = groups.get(row.group);
    if (of)
      of.push(row);
    else
      groups.set(row.group, [row]);
  }
  const out: Line[] = [];
  for (const [group, workers] of [...groups].sort((a, b) => compare(a[0], b[0]))) {
    out.push({
      kind: 'group', key: `g/${group}`, group, workers,
      up: workers.filter((w) => w.state === 'running').length, wrong: workers.filter(isWrong).length,
    });
    if (!view.closed.has(group))
      out.push(...linesOf(workers, view));
  }
  return out;
}

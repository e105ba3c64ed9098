// How a worker stands: its instances, what is wanted of it, its runs, settings and decisions.
import type { JSX } from 'preact';
import { bytes, count, duration, percent, words } from '../../format';
import { shown } from '../../text';
import type { Decision, Instance, WorkerRow } from '../../types';
import { Facts, Panel } from '../../ui/frame';
import { Table } from '../../ui/table';
import type { Column } from '../../ui/table';
import { Ago, Clock, Link, Said, State } from '../../ui/text';
import { Sentence } from '../../ui/values';
import type { Agent, Tuned } from './shapes';

const INSTANCES: Column<Instance>[] = [
  { key: 'i', head: 'Instance', cell: (i) => <span class="num">#{i.instance}.{i.generation}</span> },
  { key: 'state', head: 'State', cell: (i) => <State state={i.state} /> },
  { key: 'pid', head: 'Pid', right: true, phone: false, cell: (i) => i.pid ?? '–' },
  { key: 'up', head: 'Uptime', right: true, cell: (i) => duration(i.uptime_s) },
  { key: 'cpu', head: 'CPU', right: true, cell: (i) => (i.resources ? percent(i.resources.cpu_percent) : '–') },
  { key: 'mem', head: 'Memory', right: true, cell: (i) => (i.resources ? bytes(i.resources.rss_bytes) : '–') },
  { key: 're', head: 'Restarts', right: true, phone: false, cell: (i) => count(i.restarts) },
  { key: 'last', head: 'Last end', phone: false, wide: true, cell: (i) => (i.last_exit ? <Said text={i.last_exit} max={200} lines={1} /> : '–') },
];

export function Instances({ row }: { row: WorkerRow }): JSX.Element {
  return (
    <Panel title="Instances" note={`${row.up} of ${row.desired} up`} flush>
      {row.instances.length ? <Table caption="Instances" rows={row.instances} columns={INSTANCES} id={(i) => i.instance} />
        : <p class="muted padded">No instance is wanted.</p>}
    </Panel>
  );
}

export function Standing({ row, agent }: { row: WorkerRow; agent: Agent | null }): JSX.Element {
  const m = row.metrics;
  const rows: [string, JSX.Element | string][] = [
    ['Runs', m ? `${count(m.runs)}, ${count(m.failed)} of them failed` : 'not known'],
    ['Crashes', m ? `${count(m.crashes)} in all${row.crashes_max ? `; ${row.crashes_in_window ?? 0} in the last ${duration(row.window_s)} (limit ${row.crashes_max})` : ''}` : 'not known'],
    ['Last heartbeat', row.last_heartbeat ? <Ago time={row.last_heartbeat} /> : 'none'],
  ];
  if (row.last_error)
    rows.push(['Last error', <Said text={row.last_error} max={600} lines={3} />]);
  if (row.rejected_events)
    rows.push(['Refused lines', <>{count(row.rejected_events)} (<Link href="/ledger?view=quarantine">quarantine</Link>)</>]);
  if (row.want)
    rows.push(['Wanted state', (
      <>
        {row.want.paused ? 'paused' : row.want.state}, {row.want.instances} {row.want.instances === 1 ? 'instance' : 'instances'}, set by <Said text={row.want.by} max={80} />
        {row.want.since ? <span class="muted">, <Ago time={row.want.since} /></span> : null}
      </>
    )]);
  if (agent?.run_interval_s && row.kind === 'task')
    rows.push(['Runs every', duration(agent.run_interval_s)]);
  if (agent?.instances_max !== undefined)
    rows.push(['Instances allowed', `${agent.instances_min ?? 0} to ${agent.instances_max}`]);
  if (agent)
    rows.push(['Autonomy', agent.autonomous === false ? 'Nova only advises about it' : 'Nova may decide about it']);
  return <Panel title="How it stands"><Facts rows={rows} /></Panel>;
}

const valueOf = (v: unknown): string => shown(typeof v === 'string' ? v : JSON.stringify(v), 200);

export function Parameters({ tuned }: { tuned: Tuned }): JSX.Element {
  const params = Object.entries(tuned.params ?? {});
  return (
    <Panel title="Parameters and variants" note={tuned.param ? `tries ${shown(tuned.param, 60)}` : null}>
      {params.length === 0 && tuned.split.length === 0 ? (
        <p class="muted">It has no parameters that optimize may turn. They are declared under <code>params:</code> in its file in workers.d/.</p>
      ) : (
        <>
          <Facts rows={params.map(([name, value]) => [<Said text={name} max={80} />, valueOf(value)])} />
          {tuned.split.length ? (
            <Table caption="Variants and their shares of the runs" rows={tuned.split} id={(a) => a.variant} columns={[
              { key: 'v', head: 'Variant', cell: (a) => <Said text={a.variant} max={80} /> },
              { key: 'value', head: 'Value', cell: (a) => valueOf(a.value) },
              { key: 'share', head: 'Share of runs', right: true, cell: (a) => percent(a.share * 100) },
            ]} />
          ) : null}
        </>
      )}
    </Panel>
  );
}

const DECISIONS: Column<Decision>[] = [
  { key: 'at', head: 'When', cell: (d) => <Clock time={d.at} /> },
  { key: 'type', head: 'Decision', cell: (d) => <Link href={`/decisions/${d.id}`}>{words(d.type)}</Link> },
  { key: 'state', head: 'State', cell: (d) => <State state={d.state} /> },
  { key: 'why', head: 'Why, and what came of it', wide: true, phone: false, cell: (d) => <Sentence text={d.outcome?.summary ?? d.reason} max={400} lines={2} /> },
];

export function DecisionsAbout({ decisions }: { decisions: Decision[] }): JSX.Element {
  return (
    <Panel title="Decisions about it" flush>
      {decisions.length ? <Table caption="Decisions about this worker" rows={[...decisions].sort((a, b) => b.id - a.id)} columns={DECISIONS} id={(d) => d.id} />
        : <p class="muted padded">Nothing was decided about it yet.</p>}
    </Panel>
  );
}

// The list of decisions, newest first, with filters that stay in the address.
import type { JSX } from 'preact';
import { withQuery } from '../../api';
import { percent, words } from '../../format';
import { useApi } from '../../hooks';
import type { DecisionList, DecisionRecord } from '../../records';
import { navigate, useQuery } from '../../router';
import { Search, Select } from '../../ui/controls';
import { Answered, Empty, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { Clock, Link, Money, Said, State, WorkerLink } from '../../ui/text';
import { Sentence } from '../../ui/values';

const STATES = ['pending', 'executed', 'advised', 'denied', 'expired', 'void'] as const;
const LIMITS = [['100', 'Last 100'], ['500', 'Last 500'], ['1000', 'Last 1,000']] as const;

// What really came of it, once that was measured.
export function CameOf({ decision: d }: { decision: DecisionRecord }): JSX.Element {
  const o = d.outcome;
  if (!o || (!o.profit_change_per_day && typeof o.roi_percent !== 'number'))
    return <span class="muted">–</span>;
  const said = o.claim_came_true === null || o.claim_came_true === undefined ? null
    : o.claim_came_true ? <State state="ok" label="came true" /> : <State state="failed" label="not true" tone="warn" />;
  return (
    <span class="outcome-cell">
      {o.profit_change_per_day ? <><Money amount={o.profit_change_per_day} currency={d.currency} plus tone /><span class="muted"> a day</span></> : `ROI ${percent(o.roi_percent)}`}
      {said ? <> {said}</> : null}
    </span>
  );
}

const COLUMNS: Column<DecisionRecord>[] = [
  { key: 'at', head: 'When', cell: (d) => <Clock time={d.at} />, sort: (d) => Date.parse(d.at) },
  {
    key: 'type', head: 'Decision', sort: (d) => d.type,
    cell: (d) => <><Link href={`/decisions/${d.id}`}>{words(d.type)}</Link><div class="phone-only"><State state={d.state} /></div></>,
  },
  { key: 'worker', head: 'Worker', cell: (d) => <WorkerLink name={d.worker} />, sort: (d) => d.worker },
  { key: 'state', head: 'State', phone: false, cell: (d) => <State state={d.state} />, sort: (d) => d.state },
  { key: 'reason', head: 'Why', wide: true, phone: false, cell: (d) => <Sentence text={d.reason} lines={2} /> },
  {
    key: 'p', head: 'Probability', right: true, tablet: false, sort: (d) => d.probability ?? null,
    cell: (d) => (d.probability === undefined ? '–' : percent(d.probability * 100)),
  },
  {
    key: 'impact', head: 'Cost a day', right: true, phone: false, sort: (d) => Number(d.cost_impact),
    cell: (d) => <Money amount={d.cost_impact} currency={d.currency} plus />,
  },
  { key: 'outcome', head: 'Came of it', tablet: false, cell: (d) => <CameOf decision={d} /> },
];

interface Filter {
  state: string;
  type: string;
  text: string;
}

const fits = (d: DecisionRecord, f: Filter): boolean =>
  (!f.state || d.state === f.state) && (!f.type || d.type === f.type)
  && (!f.text || `${d.worker} ${d.reason} ${d.rule ?? ''}`.toLowerCase().includes(f.text.toLowerCase()));

function Rows({ data, filter }: { data: DecisionList; filter: Filter }): JSX.Element {
  const rows = data.decisions.filter((d) => fits(d, filter)).reverse();
  if (data.decisions.length === 0)
    return <Empty command="novactl autonomous status">Nothing was decided yet. Decisions come once workers have made enough runs; this says how many are wanted, and when the next analysis is:</Empty>;
  if (rows.length === 0)
    return <Empty>None of the {data.decisions.length} decisions fits the filter.</Empty>;
  return (
    <Table caption="Decisions, newest first" rows={rows} columns={COLUMNS} id={(d) => d.id} limit={100}
      open={(d) => navigate(`/decisions/${d.id}`)} />
  );
}

export function DecisionListView(): JSX.Element {
  const [query, change] = useQuery();
  const worker = query.get('worker');
  const limit = LIMITS.find(([n]) => n === query.get('limit'))?.[0] ?? LIMITS[0][0];
  const asked = useApi<DecisionList>(withQuery('/decisions', { worker, limit }), 10_000);
  const types = [...new Set((asked.data?.decisions ?? []).map((d) => d.type))].sort();
  const filter = { state: query.get('state') ?? '', type: query.get('type') ?? '', text: query.get('q') ?? '' };
  return (
    <Panel title="Decisions" flush note={worker ? <>only of <Said text={worker} max={64} /> <Link href="/decisions">all</Link></> : undefined} tools={(
      <>
        <Search label="Filter by worker or reason" value={filter.text} change={(q) => change({ q })} />
        <Select label="State" value={filter.state} change={(state) => change({ state })}
          options={[['', 'All states'], ...STATES.map((s) => [s, s] as const)]} />
        <Select label="Decision" value={filter.type} change={(type) => change({ type })}
          options={[['', 'All decisions'], ...types.map((t) => [t, words(t)] as const)]} />
        <Select label="How many" value={limit} change={(n) => change({ limit: n })} options={LIMITS} />
      </>
    )}>
      <Answered asked={asked} lines={8}>{(data) => <Rows data={data} filter={filter} />}</Answered>
    </Panel>
  );
}

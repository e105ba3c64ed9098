// The profit and loss statement of a window: all of it, over time, and by worker, group, source
// or category.
import type { JSX } from 'preact';
import { withQuery } from '../../api';
import { nanos, percent } from '../../format';
import { useApi } from '../../hooks';
import type { Pnl, Timeline } from '../../reports';
import { useQuery } from '../../router';
import type { Figures } from '../../types';
import { Choice } from '../../ui/controls';
import { WorkerField } from '../../ui/field';
import { Answered, Empty, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { Clock, Link, Money, Said, WorkerLink } from '../../ui/text';
import { Currencies, Unconverted } from './currencies';
import { PnlChart } from './PnlChart';
import { Statement } from './Statement';
import { useWindow, WindowChoice } from './window';

const BY = [['worker', 'Worker'], ['group', 'Group'], ['source', 'Source'], ['category', 'Category'], ['variant', 'Variant']] as const;
type By = (typeof BY)[number][0];
type Row = Pnl['rows'][number];

const NAME: Record<By, (row: Row) => JSX.Element> = {
  worker: (r) => <WorkerLink name={r.key ?? ''} />,
  group: (r) => <Link href={`/money?target=${encodeURIComponent(r.key ?? '')}`}><Said text={r.key} max={64} /></Link>,
  source: (r) => <Said text={r.key || 'not named'} max={128} />,
  category: (r) => <Said text={r.key || 'not named'} max={128} />,
  variant: (r) => <Said text={r.key || 'none'} max={128} />,
};

type Amounts = 'revenue' | 'refunds' | 'disputes' | 'fees' | 'net_revenue' | 'cost' | 'profit';

function columnsOf(by: By, currency: string): Column<Row>[] {
  const money = (key: Amounts, head: string, phone = true): Column<Row> => ({
    key, head, right: true, ...(phone ? {} : { phone: false as const }),
    cell: (r) => <Money amount={r[key]} currency={currency} tone={key === 'profit'} />,
    sort: (r) => nanos(r[key]),
  });
  return [
    { key: 'key', head: BY.find(([b]) => b === by)?.[1] ?? by, cell: NAME[by], sort: (r) => r.key },
    money('revenue', 'Revenue'), money('refunds', 'Refunds', false), money('disputes', 'Disputes', false),
    money('fees', 'Fees', false), money('net_revenue', 'Net revenue', false), money('cost', 'Cost', false), money('profit', 'Profit'),
    { key: 'roi', head: 'ROI', right: true, phone: false, cell: (r) => percent(r.roi_percent), sort: (r) => r.roi_percent },
  ];
}

function Foot({ total, currency }: { total: Figures; currency: string }): JSX.Element {
  const cell = (amount: string, phone = true) => <td class={phone ? 'r' : 'r no-phone'}><Money amount={amount} currency={currency} /></td>;
  return (
    <tr>
      <td>All</td>
      {cell(total.revenue)}{cell(total.refunds, false)}{cell(total.disputes, false)}{cell(total.fees, false)}
      {cell(total.net_revenue, false)}{cell(total.cost, false)}{cell(total.profit)}
      <td class="r no-phone">{percent(total.roi_percent)}</td>
    </tr>
  );
}

function Rows({ pnl, by }: { pnl: Pnl; by: By }): JSX.Element {
  if (pnl.rows.length === 0)
    return (
      <Empty command={'echo \'{"event":"revenue","amount":"1.50","source":"shop"}\' >&3'}>
        Nothing was earned or spent in this window. A worker books money with one line on descriptor 3:
      </Empty>
    );
  return (
    <Table key={by} caption={`Profit and loss by ${by}`} rows={pnl.rows} columns={columnsOf(by, pnl.currency)} id={(r) => r.key ?? ''}
      sortBy="-profit" limit={50} foot={<Foot total={pnl.total} currency={pnl.currency} />} />
  );
}

function Span({ period: p }: { period: Pnl['period'] }): JSX.Element {
  return <span class="muted">{p.from ? <><Clock time={p.from} /> to </> : 'until '}<Clock time={p.to} /></span>;
}

export function PnlView(): JSX.Element {
  const [query, change] = useQuery();
  const window = useWindow();
  const by = BY.find(([b]) => b === query.get('by'))?.[0] ?? 'worker';
  const target = query.get('target') ?? '';
  const pnl = useApi<Pnl>(withQuery('/pnl', { ...window.query, by, target }), 15_000);
  const timeline = useApi<Timeline>(withQuery('/timeline', { ...window.query, by: window.step, target }), 30_000);
  return (
    <div class="stack">
      <div class="row">
        <WindowChoice />
        <WorkerField label="One worker or group" value={target} change={(t) => change({ target: t })} groups />
        {pnl.data ? <Span period={pnl.data.period} /> : null}
      </div>
      {pnl.data ? <Unconverted report={pnl.data} /> : null}
      <div class="side-main">
        <Panel title="Statement">
          <Answered asked={pnl} lines={7}>{(p) => <Statement f={p.total} currency={p.currency} />}</Answered>
        </Panel>
        <Panel title="Over time" note={`by ${window.step}`}>
          <Answered asked={timeline} lines={7}>
            {(t) => <PnlChart timeline={t} title={`Revenue, costs and profit by ${window.step}`} height={260} />}
          </Answered>
        </Panel>
      </div>
      <Panel title="Where it came from and went" flush tools={<Choice label="By" value={by} options={BY} change={(b) => change({ by: b })} />}>
        <Answered asked={pnl} lines={6}>{(p) => <Rows pnl={p} by={by} />}</Answered>
      </Panel>
      {pnl.data ? <Currencies rows={pnl.data.currencies} base={pnl.data.currency} /> : null}
    </div>
  );
}

// Sales by when they were made, with what came back of them later: a refund counts where its sale
// was, whenever it came.
import type { JSX } from 'preact';
import { withQuery } from '../../api';
import { percent } from '../../format';
import { useApi } from '../../hooks';
import type { Cohorts } from '../../reports';
import { useQuery } from '../../router';
import { Choice } from '../../ui/controls';
import { Answered, Empty, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { Money } from '../../ui/text';
import { Unconverted } from './currencies';
import { useWindow, WindowChoice } from './window';

const BY = [['day', 'Day'], ['week', 'Week'], ['month', 'Month']] as const;
type Row = Cohorts['rows'][number];

function columns(currency: string): Column<Row>[] {
  const money = (key: 'revenue' | 'refunds' | 'disputes' | 'fees' | 'net_revenue', head: string, phone = true): Column<Row> => ({
    key, head, right: true, ...(phone ? {} : { phone: false as const }), cell: (r) => <Money amount={r[key]} currency={currency} />,
  });
  return [
    { key: 'key', head: 'Sold in', cell: (r) => <span class="num">{r.key}</span> },
    money('revenue', 'Sales'), money('refunds', 'Refunded since'), money('disputes', 'Disputed since', false), money('fees', 'Fees', false),
    money('net_revenue', 'Left of it', false),
    { key: 'back', head: 'Came back', right: true, cell: (r) => percent(r.taken_back_percent) },
  ];
}

function Whole({ c }: { c: Cohorts }): JSX.Element {
  const rows = c.rows.filter((r) => /[1-9]/.test(r.revenue + r.refunds + r.disputes)).reverse();
  return (
    <>
      <Unconverted report={c} />
      <Panel title="Sales and what came back of them" flush
        note={<>with no sale known: <Money amount={c.without_sale.refunds} currency={c.currency} /> refunded, <Money amount={c.without_sale.disputes} currency={c.currency} /> disputed</>}>
        {rows.length === 0 ? <Empty>Nothing was sold in this window.</Empty>
          : <Table caption="Sales and what came back of them" rows={rows} columns={columns(c.currency)} id={(r) => r.from} />}
      </Panel>
    </>
  );
}

export function CohortsView(): JSX.Element {
  const [query, change] = useQuery();
  const window = useWindow('365d');
  const by = BY.find(([b]) => b === query.get('by'))?.[0] ?? 'month';
  const asked = useApi<Cohorts>(withQuery('/cohorts', { ...window.query, by }), 60_000);
  return (
    <div class="stack">
      <div class="row"><WindowChoice fallback="365d" /><Choice label="By" value={by} options={BY} change={(b) => change({ by: b })} /></div>
      <Answered asked={asked} lines={8}>{(c) => <Whole c={c} />}</Answered>
    </div>
  );
}

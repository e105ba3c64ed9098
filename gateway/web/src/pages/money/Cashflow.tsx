// What came in, what went out, and where the money stands.
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { withQuery } from '../../api';
import { MoneyChart, type MoneySeries } from '../../charts/MoneyChart';
import { signOf, words } from '../../format';
import { useApi } from '../../hooks';
import type { Cashflow, Flow, Position } from '../../reports';
import { Answered, Empty, Figure, Notice, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { Money } from '../../ui/text';
import { sinceBegan, useBegan } from './began';
import { Unconverted } from './currencies';
import { useWindow, WindowChoice } from './window';

const CLASSES: Record<string, string> = {
  platform: 'At the platforms, not paid out', disputed: 'Held back in disputes', bank: 'Paid out to the bank',
  vendors: 'With vendors (minus: owed to them)',
};

function positionColumns(currency: string): Column<Position>[] {
  return [
    { key: 'class', head: 'Where', cell: (p) => CLASSES[p.class] ?? words(p.class) },
    { key: 'opening', head: 'Before', right: true, phone: false, cell: (p) => <Money amount={p.opening} currency={currency} /> },
    { key: 'change', head: 'Change', right: true, cell: (p) => <Money amount={p.change} currency={currency} plus tone /> },
    { key: 'closing', head: 'Now', right: true, cell: (p) => <Money amount={p.closing} currency={currency} /> },
  ];
}

type Row = Cashflow['rows'][number];

function rowColumns(currency: string): Column<Row>[] {
  const money = (key: keyof Flow, head: string, phone = true): Column<Row> => ({
    key, head, right: true, ...(phone ? {} : { phone: false as const }),
    cell: (r) => <Money amount={r[key]} currency={currency} tone={key === 'net'} />,
  });
  return [
    { key: 'key', head: 'From', cell: (r) => <span class="num">{r.key}</span> },
    money('in', 'In'), money('out', 'Out', false), money('cost', 'Costs', false), money('refunds', 'Refunds', false),
    money('disputes', 'Disputes', false), money('fees', 'Fees', false), money('net', 'Net'), money('payouts', 'Paid out', false),
  ];
}

function Chart({ c }: { c: Cashflow }): JSX.Element {
  const points = useMemo(() => c.rows.map((r) => ({ from: r.from, label: r.key })), [c]);
  const began = useBegan();
  const series = useMemo<MoneySeries[]>(() => sinceBegan([
    { label: 'In', tone: 'revenue', draw: 'bar', amounts: c.rows.map((r) => r.in) },
    { label: 'Out', tone: 'cost', draw: 'below', amounts: c.rows.map((r) => r.out) },
    { label: 'Net', tone: 'profit', draw: 'line', amounts: c.rows.map((r) => r.net) },
  ], c.rows, began), [c, began]);
  if (points.length === 0)
    return <Empty>No money moved in this window.</Empty>;
  return (
    <MoneyChart title="Money in and out" points={points} series={series} totals={[c.total.in, c.total.out, c.total.net]}
      currency={c.currency} zone={c.zone} />
  );
}

function Uncleared({ c }: { c: Cashflow }): JSX.Element | null {
  const u = c.uncleared;
  if (signOf(u.platform) === 0 && signOf(u.disputed) === 0)
    return null;
  return (
    <Notice tone="warn">
      Waiting for longer than {u.older_than_days} days: <Money amount={u.platform} currency={c.currency} /> at the platforms,{' '}
      <Money amount={u.disputed} currency={c.currency} /> in disputes.
    </Notice>
  );
}

function Whole({ c, step }: { c: Cashflow; step: string }): JSX.Element {
  return (
    <>
      <Unconverted report={c} />
      <Uncleared c={c} />
      <Panel title="In and out" note={`by ${step}`}>
        <div class="stack">
          <div class="figures">
            <Figure label="In" value={<Money amount={c.total.in} currency={c.currency} />} />
            <Figure label="Out" value={<Money amount={c.total.out} currency={c.currency} />} />
            <Figure label="Net" value={<Money amount={c.total.net} currency={c.currency} plus tone />} />
            <Figure label="Paid out" value={<Money amount={c.total.payouts} currency={c.currency} />} />
          </div>
          <Chart c={c} />
        </div>
      </Panel>
      <Panel title="Where the money stands" flush>
        <Table caption="Where the money stands" rows={c.positions} columns={positionColumns(c.currency)} id={(p) => p.class} />
      </Panel>
      <Panel title={`By ${step}`} flush>
        <Table caption="Money in and out" rows={[...c.rows].reverse()} columns={rowColumns(c.currency)} id={(r) => r.from} />
      </Panel>
    </>
  );
}

export function CashflowView(): JSX.Element {
  const window = useWindow();
  const asked = useApi<Cashflow>(withQuery('/cashflow', { ...window.query, by: window.step }), 30_000);
  return (
    <div class="stack">
      <div class="row"><WindowChoice /></div>
      <Answered asked={asked} lines={8}>{(c) => <Whole c={c} step={window.step} />}</Answered>
    </div>
  );
}

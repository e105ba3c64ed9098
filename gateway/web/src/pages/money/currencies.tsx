// Money in several currencies: what it was converted at, and what could not be.
import type { JSX } from 'preact';
import type { CurrencyRow } from '../../reports';
import { Notice, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { Money } from '../../ui/text';

function columns(base: string): Column<CurrencyRow>[] {
  return [
    { key: 'currency', head: 'Currency', cell: (c) => c.currency },
    { key: 'rate', head: `In ${base}`, right: true, cell: (c) => c.rate ?? 'no rate' },
    { key: 'revenue', head: 'Revenue', right: true, phone: false, cell: (c) => <Money amount={c.revenue} currency={c.currency} /> },
    { key: 'cost', head: 'Cost', right: true, phone: false, cell: (c) => <Money amount={c.cost} currency={c.currency} /> },
    { key: 'profit', head: 'Profit', right: true, cell: (c) => <Money amount={c.profit} currency={c.currency} tone /> },
    { key: 'base', head: `Profit in ${base}`, right: true, cell: (c) => <Money amount={c.base_profit} currency={base} tone /> },
  ];
}

// Money without a rate is in none of the sums: that has to be said where the sums are.
export function Unconverted({ report }: { report: { unconverted_money: boolean; currencies: CurrencyRow[] } }): JSX.Element | null {
  if (!report.unconverted_money)
    return null;
  const names = report.currencies.filter((c) => c.rate === null).map((c) => c.currency).join(', ');
  return (
    <Notice tone="warn">
      Money in {names || 'a currency'} has no rate and is in none of these sums. Declare one under <code>currencies:</code> in nova.yaml.
    </Notice>
  );
}

export function Currencies({ rows, base }: { rows: CurrencyRow[]; base: string }): JSX.Element | null {
  if (rows.length < 2)
    return null;
  return (
    <Panel title="By currency" note="converted at the declared rates" flush>
      <Table caption="Money by currency" rows={rows} columns={columns(base)} id={(c) => c.currency} />
    </Panel>
  );
}

// Profit and loss, cash flow, forecasts, what may be reinvested, and everything for a spreadsheet.
import type { JSX } from 'preact';
import { useTitle } from '../../hooks';
import { PageHead } from '../../ui/frame';
import { useView, Views, type View } from '../../ui/views';
import { CashflowView } from './Cashflow';
import { CohortsView } from './Cohorts';
import { ExportsView } from './Exports';
import { ForecastView } from './Forecast';
import { PnlView } from './Pnl';
import { ReinvestView } from './Reinvest';

const VIEWS: readonly View[] = [
  ['pnl', 'Profit and loss'], ['cashflow', 'Cash flow'], ['forecast', 'Forecast'], ['cohorts', 'Cohorts'],
  ['reinvest', 'Reinvestment'], ['exports', 'Exports'],
];

const PARTS: Record<string, () => JSX.Element> = {
  pnl: PnlView, cashflow: CashflowView, forecast: ForecastView, cohorts: CohortsView, reinvest: ReinvestView, exports: ExportsView,
};

export function MoneyPage(): JSX.Element {
  useTitle('Money');
  const Part = PARTS[useView(VIEWS)] ?? PnlView;
  return (
    <>
      <PageHead title="Money" sub="From the ledger, exact; in the base currency" />
      <Views path="/money" views={VIEWS} label="Views of money" />
      <Part />
    </>
  );
}

// Shapes of the money reports. All sums are the server's; amounts are decimal strings.
import type { Amount, Figures, Time } from './types';

export interface Period {
  from: Time | null; // null: since the first event
  to: Time;
  name: string;
}

export interface CurrencyRow extends Figures {
  currency: string;
  rate: Amount | null; // to the base currency; null: not declared
  base_profit: Amount | null;
}

interface Report {
  period: Period;
  currency: string;
  by: string | null;
  currencies: CurrencyRow[];
  unconverted_money: boolean;
}

export interface Pnl extends Report {
  total: Figures;
  rows: (Figures & { key: string | null })[];
}

export interface Timeline extends Report {
  zone: string;
  total: Figures;
  folded: number; // earlier rows that became one
  rows: (Figures & { key: string; from: Time; to: Time })[];
}

export interface Flow {
  in: Amount;
  out: Amount;
  net: Amount;
  cost: Amount;
  refunds: Amount;
  disputes: Amount;
  fees: Amount;
  payouts: Amount;
}

export interface Position {
  class: string;
  opening: Amount;
  closing: Amount;
  change: Amount;
}

export interface Cashflow extends Report {
  zone: string;
  folded: number;
  total: Flow;
  rows: (Flow & { key: string; from: Time; to: Time })[];
  positions: Position[];
  uncleared: { older_than_days: number; platform: Amount; disputed: Amount };
}

export interface Spread {
  expected: Amount;
  p80: [Amount, Amount];
  p95: [Amount, Amount];
}

export interface Forecast {
  days: number;
  basis: 'evidence' | 'too_little_data' | 'nothing';
  sales_seen: number;
  sales_expected: number;
  revenue: Spread;
  cost: Spread;
  profit: Spread;
  of_money_already_spent: Amount;
  refunds_expected: Amount;
  worker: string | null;
  text: string;
  currency: string;
}

type Settled = Figures & { from: Time; to: Time };

export interface Reinvest extends Report {
  after: string;
  settled: Settled;
  share_percent: number;
  taken_back_without_sale: Amount;
  settled_profit: Amount;
  share: Amount;
  granted: Amount;
  reinvest: Amount;
}

export interface Cohorts extends Report {
  zone: string;
  rows: (Figures & { key: string; from: Time; to: Time; taken_back_percent: number | null })[];
  total: Figures & { taken_back_percent: number | null };
  without_sale: { refunds: Amount; disputes: Amount };
}

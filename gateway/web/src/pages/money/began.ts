// Before the first event there was no ledger: what was then is not known, and that is no zero.
import { withQuery } from '../../api';
import type { MoneySeries } from '../../charts/MoneyChart';
import { useApi } from '../../hooks';
import type { EventRow, Time } from '../../types';

// When the first event was; null while that is not known, or when there is none.
export function useBegan(): Time | null {
  const first = useApi<{ events: EventRow[] }>(withQuery('/events', { since_seq: 1, limit: 1 }));
  const event = first.data?.events[0];
  return event ? event.received ?? event.at : null;
}

// Gaps in all series where a row ended before the ledger began.
export function sinceBegan(series: MoneySeries[], rows: { to: Time }[], began: Time | null): MoneySeries[] {
  const at = Date.parse(began ?? '');
  const before = rows.filter((r) => Date.parse(r.to) <= at).length;
  if (!before)
    return series;
  return series.map((s) => ({ ...s, amounts: s.amounts.map((a, i) => (i < before ? null : a)) }));
}

// What the next days will bring as everything runs now, with intervals; and when too little is known.
import type { JSX } from 'preact';
import { withQuery } from '../../api';
import { Interval, scaleOf } from '../../charts/Interval';
import { useApi } from '../../hooks';
import type { Forecast, Spread } from '../../reports';
import { useQuery } from '../../router';
import { Choice } from '../../ui/controls';
import { WorkerField } from '../../ui/field';
import { Answered, Facts, Notice, Panel } from '../../ui/frame';
import { Money, Said } from '../../ui/text';

const DAYS = [['7', '7 days'], ['30', '30 days'], ['90', '90 days']] as const;

const Range = ({ of, currency }: { of: [string, string]; currency: string }): JSX.Element => (
  <><Money amount={of[0]} currency={currency} /> to <Money amount={of[1]} currency={currency} /></>
);

function Lines({ f }: { f: Forecast }): JSX.Element {
  const lines: [string, Spread][] = [['Revenue', f.revenue], ['Cost', f.cost], ['Profit', f.profit]];
  const scale = scaleOf(lines.map(([, s]) => s));
  return (
    <div class="table-box" role="region" aria-label={`Forecast of ${f.days} days`} tabIndex={0}>
      <table class="forecast">
        <thead>
          <tr>
            <th scope="col">Next {f.days} days</th><th scope="col" class="r">Expected<span class="phone-only">and in 80 of 100 cases</span></th>
            <th scope="col" class="no-phone">Between</th><th scope="col" class="r no-phone">In 80 of 100 cases</th><th scope="col" class="r no-phone">In 95 of 100</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(([name, s]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="r">
                <b><Money amount={s.expected} currency={f.currency} /></b>
                <div class="phone-only muted"><Range of={s.p80} currency={f.currency} /></div>
              </td>
              <td class="no-phone spread"><Interval spread={s} scale={scale} label={name} currency={f.currency} /></td>
              <td class="r no-phone"><Range of={s.p80} currency={f.currency} /></td>
              <td class="r no-phone"><Range of={s.p95} currency={f.currency} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Whole({ f }: { f: Forecast }): JSX.Element {
  const known = f.basis === 'evidence';
  return (
    <>
      {known ? null : <Notice tone="warn"><Said text={f.text} max={400} /></Notice>}
      {f.basis === 'nothing' ? null : (
        <Panel title="Forecast" note={known ? <Said text={f.text} max={400} /> : 'what workers like these do on average'} flush><Lines f={f} /></Panel>
      )}
      <Panel title="What it rests on">
        <Facts rows={[
          ['Sales seen', <span class="num">{f.sales_seen.toLocaleString('en-US')}</span>],
          ['Sales expected', <span class="num">{f.sales_expected.toLocaleString('en-US')}</span>],
          ['From money already spent', <Money amount={f.of_money_already_spent} currency={f.currency} />],
          ['Refunds expected', <Money amount={f.refunds_expected} currency={f.currency} />],
        ]} />
      </Panel>
    </>
  );
}

export function ForecastView(): JSX.Element {
  const [query, change] = useQuery();
  const days = DAYS.find(([d]) => d === query.get('days'))?.[0] ?? '30';
  const worker = query.get('worker') ?? '';
  const asked = useApi<Forecast>(withQuery('/forecast', { days, worker }), 60_000);
  return (
    <div class="stack">
      <div class="row">
        <Choice label="Days" value={days} options={DAYS} change={(d) => change({ days: d })} />
        <WorkerField label="One worker" value={worker} change={(w) => change({ worker: w })} />
      </div>
      <Answered asked={asked} lines={6}>{(f) => <Whole f={f} />}</Answered>
    </div>
  );
}

// How much of the settled profit may go back into the workers: from the sales down to the rest.
import type { JSX } from 'preact';
import { percent } from '../../format';
import { useApi } from '../../hooks';
import type { Reinvest } from '../../reports';
import { Answered, Figure, Panel } from '../../ui/frame';
import { Clock, Money } from '../../ui/text';
import { Unconverted } from './currencies';
import { Steps } from './Statement';

function Whole({ r }: { r: Reinvest }): JSX.Element {
  return (
    <>
      <Unconverted report={r} />
      <Panel title="Reinvestment" note={<>sales between <Clock time={r.settled.from} /> and <Clock time={r.settled.to} />, older than refunds come late ({r.after})</>}>
        <div class="stack">
          <div class="figures"><Figure label="May be reinvested" value={<Money amount={r.reinvest} currency={r.currency} />} sub="never below zero" /></div>
          <Steps caption="What may be reinvested" currency={r.currency} steps={[
            { name: 'Sales of that time', amount: r.settled.revenue },
            { name: 'Refunded since', amount: r.settled.refunds, minus: true },
            { name: 'Disputed since', amount: r.settled.disputes, minus: true },
            { name: 'Fees', amount: r.settled.fees, minus: true },
            { name: 'Costs', amount: r.settled.cost, minus: true },
            { name: 'Taken back, with no sale known', amount: r.taken_back_without_sale, minus: true },
            { name: 'Settled profit', amount: r.settled_profit, sum: true },
            { name: `Share to reinvest, ${percent(r.share_percent, 0)}`, amount: r.share },
            { name: 'Budget granted since', amount: r.granted, minus: true },
            { name: 'May be reinvested', amount: r.reinvest, sum: true },
          ]} />
          <p class="muted">A worker gets it with <code>novactl budget grant WORKER AMOUNT</code>.</p>
        </div>
      </Panel>
    </>
  );
}

export function ReinvestView(): JSX.Element {
  const asked = useApi<Reinvest>('/reinvest', 60_000);
  return <div class="stack narrow"><Answered asked={asked} lines={8}>{(r) => <Whole r={r} />}</Answered></div>;
}

// What a decision promised beside what was measured afterwards.
import type { JSX } from 'preact';
import { percent } from '../../format';
import type { DecisionRecord } from '../../records';
import { Panel } from '../../ui/frame';
import { Clock, Money, State } from '../../ui/text';
import { Sentence } from '../../ui/values';

interface Line {
  name: string;
  predicted: JSX.Element | string;
  before: JSX.Element | string;
  real: JSX.Element | string;
}

function linesOf(d: DecisionRecord): Line[] {
  const o = d.outcome;
  const money = (amount: string | undefined) => <Money amount={amount} currency={d.currency} />;
  return [
    {
      name: 'ROI', before: '–', real: o ? percent(o.roi_percent) : '–',
      predicted: d.claim ? `${d.claim.roi} ${percent(d.claim.percent, 0)}, ${percent(d.claim.probability * 100)} sure` : '–',
    },
    { name: 'Cost', predicted: '–', before: money(o?.cost_before), real: money(o?.cost) },
    { name: 'Earned', predicted: '–', before: money(o?.earned_before), real: money(o?.earned) },
    {
      name: 'Profit', predicted: money(d.expected_profit), before: '–',
      real: o?.profit_change_per_day ? <><Money amount={o.profit_change_per_day} currency={d.currency} plus tone /> a day</> : '–',
    },
  ].filter((l) => l.predicted !== '–' || l.real !== '–');
}

export function PredictedAndReal({ decision: d }: { decision: DecisionRecord }): JSX.Element | null {
  const o = d.outcome;
  if (!o && !d.measure)
    return null;
  const truth = o?.claim_came_true;
  const title = 'Predicted and real';
  if (!o && d.state !== 'executed')
    return <Panel title={title}><p class="muted">What comes of it is measured {d.measure?.days ?? 7} days after it was carried out.</p></Panel>;
  return (
    <Panel title={title} flush note={o ? <><Clock time={o.from} /> to <Clock time={o.to ?? o.at} />, {o.runs} runs</> : `measured ${d.measure?.days ?? 7} days after it`}
      tools={typeof truth === 'boolean' ? <State state={truth ? 'ok' : 'failed'} label={truth ? 'came true' : 'did not come true'} /> : undefined}>
      <div class="table-box" role="region" aria-label="Predicted and real" tabIndex={0}>
        <table>
          <thead><tr><th scope="col">Figure</th><th scope="col" class="r">Predicted</th><th scope="col" class="r">Before</th><th scope="col" class="r">After</th></tr></thead>
          <tbody>
            {linesOf(d).map((l) => <tr key={l.name}><td>{l.name}</td><td class="r">{l.predicted}</td><td class="r">{l.before}</td><td class="r">{l.real}</td></tr>)}
          </tbody>
        </table>
      </div>
      {o ? <p class="panel-words"><Sentence text={o.summary} /></p> : null}
    </Panel>
  );
}

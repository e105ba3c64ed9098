// Profit and loss from top to bottom: what was sold, what of it went, what is left.
import type { JSX } from 'preact';
import { percent, signOf } from '../../format';
import type { Figures } from '../../types';
import { Money } from '../../ui/text';

export interface Step {
  name: string;
  amount: string;
  minus?: boolean; // taken from what stands above
  sum?: boolean; // what is left there
  tone?: boolean;
}

export function Steps({ caption, steps, currency, children }: { caption: string; steps: Step[]; currency: string; children?: JSX.Element }): JSX.Element {
  return (
    <table class="statement">
      <caption class="hidden">{caption}</caption>
      <tbody>
        {steps.map((s) => (
          <tr key={s.name} class={s.sum ? 'sum' : undefined}>
            <th scope="row">{s.name}</th>
            <td class="r">{s.minus && signOf(s.amount) !== 0 ? '−' : ''}<Money amount={s.amount} currency={currency} tone={s.tone ?? false} /></td>
          </tr>
        ))}
        {children}
      </tbody>
    </table>
  );
}

export function Statement({ f, currency }: { f: Figures; currency: string }): JSX.Element {
  return (
    <Steps caption="Profit and loss" currency={currency} steps={[
      { name: 'Revenue', amount: f.revenue },
      { name: 'Refunds', amount: f.refunds, minus: true },
      { name: 'Disputes', amount: f.disputes, minus: true },
      { name: 'Fees', amount: f.fees, minus: true },
      { name: 'Net revenue', amount: f.net_revenue, sum: true },
      { name: 'Cost', amount: f.cost, minus: true },
      { name: 'Profit', amount: f.profit, sum: true, tone: true },
    ]}>
      <tr><th scope="row">Return on what was spent</th><td class="r">{percent(f.roi_percent)}</td></tr>
    </Steps>
  );
}

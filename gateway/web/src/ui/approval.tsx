// Yes or no to a decision that waits: asks once more, with the money at stake, and says what the
// server has answered.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { approve, deny } from '../act';
import { money, words } from '../format';
import type { Decision } from '../types';
import { Confirm, useMay } from './controls';
import type { Outcome } from './controls';
import { Facts } from './frame';
import { Said } from './text';
import { Sentence } from './values';

export function Stake({ d }: { d: Decision }): JSX.Element {
  return <><b class="num">{money(d.cost_impact, d.currency)}</b> a day</>;
}

export interface Asking {
  d: Decision;
  yes: boolean;
}

export function AnswerDialog({ asking, close }: { asking: Asking; close: (o: Outcome | null) => void }): JSX.Element {
  const { d, yes } = asking;
  return (
    <Confirm title={<>{yes ? 'Approve' : 'Deny'}: {words(d.type).toLowerCase()} of <Said text={d.target ?? d.worker} max={64} /></>}
      confirm={yes ? 'Approve' : 'Deny'} kind={yes ? 'primary' : 'danger'} {...(yes ? {} : { reason: 'optional' as const })}
      act={(reason) => (yes ? approve(d.id) : deny(d.id, reason))} close={close}>
      <Facts rows={[
        ['At stake', <Stake d={d} />],
        ['Why', <Sentence text={d.reason} max={600} />],
        ...(d.expected ? [['Expected', <Sentence text={d.expected} max={600} />] as [string, JSX.Element]] : []),
        ...(d.counterfactual ? [['Otherwise', <Sentence text={d.counterfactual} max={600} />] as [string, JSX.Element]] : []),
        ...(d.from_instances !== undefined && d.to_instances !== undefined
          ? [['Instances', `${d.from_instances} → ${d.to_instances}`] as [string, string]] : []),
      ]} />
    </Confirm>
  );
}

// The two buttons, wherever a decision is shown in full.
export function Answer({ decision, told }: { decision: Decision; told: (outcome: Outcome) => void }): JSX.Element {
  const [asking, setAsking] = useState<Asking | null>(null);
  const forbidden = useMay('operator');
  return (
    <span class="row">
      <button type="button" class="btn primary" disabled={forbidden !== null} title={forbidden ?? undefined}
        onClick={() => setAsking({ d: decision, yes: true })}>Approve…</button>
      <button type="button" class="btn" disabled={forbidden !== null} title={forbidden ?? undefined}
        onClick={() => setAsking({ d: decision, yes: false })}>Deny…</button>
      {asking ? (
        <AnswerDialog asking={asking} close={(outcome) => {
          setAsking(null);
          if (outcome)
            told(outcome);
        }} />
      ) : null}
    </span>
  );
}

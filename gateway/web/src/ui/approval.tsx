// Yes or no to a decision that waits: asks once more, with the money at stake, and says what the
// server has answered.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { post } from '../api';
import { words } from '../format';
import type { Decision } from '../types';
import { Confirm, useMay, type Outcome } from './controls';
import { Facts } from './frame';
import { Ago, Money, Said } from './text';
import { Sentence } from './values';

// What is about to be decided, and what it would cost.
function Stake({ decision: d }: { decision: Decision }): JSX.Element {
  return (
    <Facts rows={[
      ['Costs', <><Money amount={d.cost_impact} currency={d.currency} plus /> a day</>],
      ['Why', <Sentence text={d.reason} max={600} />],
      ...(d.expected ? [['Expected', <Sentence text={d.expected} max={600} />] as [string, JSX.Element]] : []),
      ...(d.expires ? [['Expires', <Ago time={d.expires} />] as [string, JSX.Element]] : []),
    ]} />
  );
}

export function Answer({ decision, told, small = false }: { decision: Decision; told?: (outcome: Outcome) => void; small?: boolean }): JSX.Element {
  const [asked, setAsked] = useState<'approve' | 'deny' | null>(null);
  const forbidden = useMay('operator');
  const size = small ? ' small' : '';
  const name = `${words(decision.type)} ${decision.target ?? decision.worker}`;
  const act = async (reason: string): Promise<string> => {
    await post(`/approvals/${decision.id}/${asked ?? 'deny'}`, reason ? { reason } : {});
    return asked === 'approve' ? `Approved: ${name}` : `Denied: ${name}`;
  };
  return (
    <span class="row">
      <button type="button" class={`btn primary${size}`} disabled={forbidden !== null} title={forbidden ?? undefined}
        aria-label={`Approve: ${name}`} onClick={() => setAsked('approve')}>Approve</button>
      <button type="button" class={`btn${size}`} disabled={forbidden !== null} title={forbidden ?? undefined}
        aria-label={`Deny: ${name}`} onClick={() => setAsked('deny')}>Deny</button>
      {asked ? (
        <Confirm
          title={<>{asked === 'approve' ? 'Approve' : 'Deny'}: {words(decision.type).toLowerCase()} <Said text={decision.target ?? decision.worker} max={64} />?</>}
          confirm={asked === 'approve' ? 'Approve' : 'Deny'}
          kind={asked === 'approve' ? 'primary' : 'danger'}
          reason="optional"
          act={act}
          close={(outcome) => {
            setAsked(null);
            if (outcome)
              told?.(outcome);
          }}>
          <Stake decision={decision} />
        </Confirm>
      ) : null}
    </span>
  );
}

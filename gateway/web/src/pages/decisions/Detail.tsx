// One decision: why, from which figures, what would have changed it, who answered, what came of it.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { segment } from '../../api';
import { percent, words } from '../../format';
import { useApi, useTitle } from '../../hooks';
import type { DecisionRecord, Explained } from '../../records';
import { Answer } from '../../ui/approval';
import { OutcomeText, type Outcome } from '../../ui/controls';
import { Answered, Facts, Figure, PageHead, Panel } from '../../ui/frame';
import { Clock, Link, Money, Said, State, WorkerLink } from '../../ui/text';
import { Sentence, Values } from '../../ui/values';
import { PredictedAndReal } from './Predicted';

type Row = [string, JSX.Element | string];
const some = (...rows: (Row | null | false | undefined | '' | 0)[]): Row[] => rows.filter((r): r is Row => Boolean(r));

function Why({ decision: d }: { decision: DecisionRecord }): JSX.Element {
  const resize = d.from_instances !== undefined && d.to_instances !== undefined && d.from_instances !== d.to_instances;
  return (
    <Panel title="Why">
      <div class="stack">
        <p class="lead"><Sentence text={d.reason} /></p>
        <Facts rows={some(
          ['Cost', <><Money amount={d.cost_impact} currency={d.currency} plus /> a day{d.requires_approval ? ', needs an approval' : ''}</>],
          resize && ['Instances', `${d.from_instances} to ${d.to_instances}`],
          d.expected && ['Expected', <Sentence text={d.expected} />],
          d.counterfactual && ['What would have changed it', <Sentence text={d.counterfactual} />],
          d.rule && ['Rule', <code><Said text={d.rule} max={100} /></code>],
          d.policy && ['Policy', <Said text={d.policy} max={60} />],
        )} />
      </div>
    </Panel>
  );
}

function Probability({ decision: d }: { decision: DecisionRecord }): JSX.Element | null {
  if (d.probability === undefined)
    return null;
  const range = d.roi_range_percent;
  return (
    <Panel title="How sure">
      <div class="stack">
        <div class="figures">
          <Figure label={d.claim ? `That its ROI is ${d.claim.roi} ${percent(d.claim.percent, 0)}` : 'Probability'} value={percent(d.probability * 100)} />
          {d.risk === undefined ? null : <Figure label="Risk" value={String(d.risk)} sub={d.risk_band ? `of 100, ${d.risk_band}` : 'of 100'} />}
          {d.confidence === undefined ? null : <Figure label="Confidence" value={percent(d.confidence * 100, 0)} />}
        </div>
        <Facts rows={some(
          range && ['ROI, likely', <span class="num">{percent(range[1])}, between {percent(range[0])} and {percent(range[2])}</span>],
          d.threshold && ['Compared', <><code><Said text={d.threshold} max={60} /></code>: <span class="num">{d.value}</span> held against <span class="num">{d.limit_value}</span></>],
          d.evidence !== undefined && ['Evidence', <span class="num">{d.evidence.toFixed(1)} sales that count</span>],
          d.expected_profit && ['Expected profit', <Money amount={d.expected_profit} currency={d.currency} plus />],
        )} />
      </div>
    </Panel>
  );
}

const who = (d: DecisionRecord): JSX.Element => (
  <><Said text={d.decided_by ?? 'nobody'} max={100} />{d.via ? <> by <Said text={d.via} max={100} /></> : null}</>
);

// From the proposal to what came of it, in the order of time.
function Course({ decision: d }: { decision: DecisionRecord }): JSX.Element {
  const answered = d.state === 'denied' ? 'Denied' : d.requires_approval ? 'Approved' : 'Decided';
  return (
    <Panel title="Course">
      <Facts rows={some(
        ['Proposed', <Clock time={d.proposed ?? d.at} seconds />],
        d.state === 'pending' && d.expires && ['Expires', <Clock time={d.expires} seconds />],
        d.decided && [answered, <><Clock time={d.decided} seconds />, {who(d)}</>],
        d.note && ['Reason given', <Said text={d.note} max={400} />],
        d.executed && ['Carried out', <Clock time={d.executed} seconds />],
        d.outcome && ['Measured', <Clock time={d.outcome.at} seconds />],
      )} />
    </Panel>
  );
}

function Numbers({ decision: d }: { decision: DecisionRecord }): JSX.Element {
  return (
    <div class="cols-2">
      <Panel title="Figures it was made from" note="as they were then">
        {d.inputs ? <Values of={d.inputs} currency={d.currency} /> : <p class="muted">None were kept.</p>}
      </Panel>
      <div class="stack">
        <Panel title="Thresholds" note="in force then">
          {d.thresholds ? <Values of={d.thresholds} currency={d.currency} /> : <p class="muted">None were kept.</p>}
        </Panel>
        {d.instead ? <Panel title="Instead of it"><Values of={d.instead} currency={d.currency} /></Panel> : null}
        {d.split ? <Panel title="Split of variants"><Values of={d.split} currency={d.currency} /></Panel> : null}
      </div>
    </div>
  );
}

function Whole({ said, reload }: { said: Explained; reload: () => void }): JSX.Element {
  const d = said.decision;
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const told = (o: Outcome) => {
    setOutcome(o);
    reload();
  };
  return (
    <>
      <PageHead title={<>{words(d.type)} <WorkerLink name={d.worker} /></>} sub={<><State state={d.state} /> · decision {d.id}</>}>
        {outcome ? <OutcomeText outcome={outcome} /> : null}
        {d.state === 'pending' ? <Answer decision={d} told={told} /> : null}
      </PageHead>
      <div class="stack">
        <div class="main-side">
          <div class="stack"><Why decision={d} /><PredictedAndReal decision={d} /></div>
          <div class="stack"><Probability decision={d} /><Course decision={d} /></div>
        </div>
        <Numbers decision={d} />
        <Panel title="In plain words" note={`novactl explain ${d.id}`}><p class="pre"><Sentence text={said.text} max={8000} /></p></Panel>
      </div>
    </>
  );
}

export function DecisionPage({ params }: { params: string[] }): JSX.Element {
  const id = params[0] ?? '';
  useTitle(`Decision ${id}`);
  const asked = useApi<Explained>(`/decisions/${segment(id)}`, 15_000);
  return (
    <>
      <p class="back"><Link href="/decisions">Decisions</Link></p>
      <Answered asked={asked} lines={10}>{(said) => <Whole said={said} reload={asked.reload} />}</Answered>
    </>
  );
}

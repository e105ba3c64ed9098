// The ledger under other settings: what would have been decided, and what is known of the money.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ApiError, post } from '../../api';
import { count, percent, words } from '../../format';
import { useApi } from '../../hooks';
import type { SimulatedDecision, SimulatedSide, Simulation } from '../../records';
import { Select } from '../../ui/controls';
import { Answered, Empty, ErrorNote, Facts, Loading, Notice, Panel } from '../../ui/frame';
import { Table, type Column } from '../../ui/table';
import { Clock, Money, Said, WorkerLink } from '../../ui/text';
import { grouped } from '../../settings';
import type { Settings } from '../../settings';

// What a person turns; any other setting can be simulated with novactl.
const TURNED = [
  { key: 'min_roi', name: 'Minimum ROI', hint: '150%' },
  { key: 'scale_roi', name: 'ROI to scale from', hint: '250%' },
  { key: 'kill_roi', name: 'ROI to kill below', hint: '0%' },
  { key: 'min_runs', name: 'Minimum of runs', hint: '20' },
  { key: 'approval_above', name: 'Ask for more than', hint: '$50' },
  { key: 'max_daily_budget', name: 'Daily budget', hint: '$100' },
] as const;
const POLICIES = [['', 'as it is'], ['strict', 'strict'], ['marginal', 'marginal'], ['classic', 'classic']] as const;
const SINCE = [['7d', 'Last 7 days'], ['30d', 'Last 30 days'], ['90d', 'Last 90 days'], ['365d', 'Last year']] as const;

function Side({ side }: { side: SimulatedSide | null }): JSX.Element {
  if (!side)
    return <span class="muted">not at all</span>;
  return (
    <span title={side.reason}>
      <Clock time={side.first} />, {percent(side.probability * 100)} sure{side.requires_approval ? ', asks' : ''}
    </span>
  );
}

function columns(currency: string): Column<SimulatedDecision>[] {
  return [
    { key: 'worker', head: 'Worker', cell: (d) => <WorkerLink name={d.worker} />, sort: (d) => d.worker },
    { key: 'type', head: 'Decision', cell: (d) => words(d.type), sort: (d) => d.type },
    { key: 'now', head: 'As it is', cell: (d) => <Side side={d.now} /> },
    { key: 'other', head: 'Otherwise', cell: (d) => <Side side={d.other} /> },
    { key: 'spent', head: 'Not spent', right: true, cell: (d) => <Money amount={d.at_stake.not_spent} currency={currency} /> },
    { key: 'earned', head: 'Not earned', right: true, cell: (d) => <Money amount={d.at_stake.not_earned} currency={currency} /> },
    { key: 'stake', head: 'At stake', wide: true, phone: false, cell: (d) => <Said text={d.at_stake.text} max={300} /> },
  ];
}

function Course({ name, course, currency }: { name: string; course: Simulation['now']; currency: string }): JSX.Element {
  const money = (amount: string) => <Money amount={amount} currency={currency} />;
  return (
    <Panel title={name}>
      <Facts rows={[
        ['Decisions', <span class="num">{count(course.decisions)}</span>],
        ['Cost', money(course.cost)], ['Earned', money(course.earned)], ['Profit', money(course.profit)],
        ['Not spent', money(course.not_spent)], ['Not earned', money(course.not_earned)],
      ]} />
    </Panel>
  );
}

function Result({ s }: { s: Simulation }): JSX.Element {
  const differ = s.decisions.filter((d) => d.differs);
  return (
    <>
      {s.complete ? null : <Notice tone="warn">The time was up before the end of the ledger: this is what was seen until <Clock time={s.to} />.</Notice>}
      <div class="cols-2">
        <Course name="As it is" course={s.now} currency={s.currency} />
        <Course name="Otherwise" course={s.other} currency={s.currency} />
      </div>
      <Panel title="Decisions that would differ" flush
        note={<><Clock time={s.from} /> to <Clock time={s.to} />, {count(s.events)} events; {count(s.same_decisions)} decisions are the same{s.not_listed ? `, ${count(s.not_listed)} more are not listed` : ''}</>}>
        {differ.length === 0 ? <Empty>No decision would have been another one.</Empty>
          : <Table caption="Decisions that would differ" rows={differ} columns={columns(s.currency)} id={(d) => `${d.worker}/${d.type}`} />}
      </Panel>
      <p class="muted">What a worker would have earned at another volume, or while it did not run, nobody knows: it is in none of these sums.</p>
    </>
  );
}

function Form({ settings, run, busy }: { settings: Settings; run: (set: string[], since: string) => void; busy: boolean }): JSX.Element {
  const [values, setValues] = useState<Record<string, string>>({});
  const [since, setSince] = useState<string>('90d');
  const set = (key: string, value: string) => setValues({ ...values, [key]: value });
  const changed = Object.entries(values).filter(([, v]) => v.trim()).map(([key, v]) => `${key}=${v.trim()}`);
  const now = (key: string) => grouped(settings.settings.find((s) => s.key === key)?.value ?? '–');
  return (
    <form onSubmit={(e) => {
      e.preventDefault();
      if (changed.length)
        run(changed, since);
    }}>
      <div class="simulate-grid">
        {TURNED.map(({ key, name, hint }) => (
          <label class="field" key={key} for={`set-${key}`}>
            <span>{name} <span class="muted">now {now(key)}</span></span>
            <input id={`set-${key}`} type="text" maxLength={64} autocomplete="off" placeholder={`such as ${hint}`} value={values[key] ?? ''}
              onInput={(e) => set(key, e.currentTarget.value)} />
          </label>
        ))}
        <div class="field">
          <span>Policy <span class="muted">now {now('policy')}</span></span>
          <Select label="Policy" value={values['policy'] ?? ''} options={POLICIES} change={(p) => set('policy', p)} />
        </div>
      </div>
      <div class="row form-tools">
        <Select label="Since" value={since} change={setSince} options={SINCE} />
        <button type="submit" class="btn primary" disabled={busy || changed.length === 0} aria-busy={busy}>{busy ? 'Reading the ledger…' : 'Simulate'}</button>
        {changed.length ? null : <span class="muted">Fill in what shall be another way.</span>}
      </div>
    </form>
  );
}

export function SimulateView(): JSX.Element {
  const settings = useApi<Settings>('/config?fleet=true');
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<Simulation | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const run = async (set: string[], since: string) => {
    setBusy(true);
    setError(null);
    setResult(null);
    try {
      setResult(await post<Simulation>('/simulate', { set, since }));
    } catch (e) {
      setError(e instanceof ApiError ? e : new ApiError(0, String(e)));
    }
    setBusy(false);
  };
  return (
    <div class="stack">
      <Panel title="What other settings would have decided" note="reads the ledger beside the running fleet; changes nothing">
        <Answered asked={settings}>{(s) => <Form settings={s} run={(set, since) => void run(set, since)} busy={busy} />}</Answered>
      </Panel>
      {error ? <ErrorNote error={error} /> : null}
      {busy ? <Loading lines={6} label="Simulating" /> : null}
      {result ? <Result s={result} /> : null}
    </div>
  );
}

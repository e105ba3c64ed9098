// One worker: money, instances, crashes, log, events, settings, decisions, and what may be done.
import type { JSX } from 'preact';
import { segment } from '../api';
import { useApi, useTitle } from '../hooks';
import { useStore } from '../store';
import { fleet } from '../stream';
import { shown } from '../text';
import { Empty, ErrorNote, Loading, Notice, PageHead } from '../ui/frame';
import { Link, Said, State } from '../ui/text';
import { useView, Views } from '../ui/views';
import type { View } from '../ui/views';
import { EventsPanel } from './ledger/Events';
import { Actions } from './worker/Actions';
import { CrashesView } from './worker/Crashes';
import { LogView } from './worker/Log';
import { Budgets, CostsAndRevenue, MoneyOverTime } from './worker/Money';
import { DecisionsAbout, Instances, Parameters, Standing } from './worker/Now';
import type { Agent, WorkerWhole } from './worker/shapes';
import type { WorkerRow } from '../types';

const VIEWS: readonly View[] = [['now', 'Now'], ['log', 'Log'], ['crashes', 'Crashes'], ['events', 'Events']];

function NowView({ row, agent }: { row: WorkerRow; agent: Agent | null }): JSX.Element {
  return (
    <div class="stack">
      <MoneyOverTime worker={row.worker} />
      <CostsAndRevenue worker={row.worker} />
      <Instances row={row} />
      <div class="cols-2">
        <Standing row={row} agent={agent} />
        <div class="stack">
          {agent ? <Budgets agent={agent} /> : <Notice tone="warn">The engine does not answer: budgets, settings and decisions are not known.</Notice>}
          {agent?.tuned ? <Parameters tuned={agent.tuned} /> : null}
        </div>
      </div>
      {agent ? <DecisionsAbout decisions={agent.decisions ?? []} /> : null}
    </div>
  );
}

export function WorkerPage({ params }: { params: string[] }): JSX.Element {
  const name = params[0] ?? '';
  useTitle(shown(name, 64));
  const view = useView(VIEWS);
  const live = useStore(fleet, (f) => f?.rows.get(name) ?? null);
  const asked = useApi<WorkerWhole>(`/workers/${segment(name)}`, 10_000);
  const row = live ?? asked.data;
  if (!row)
    return asked.error?.status === 404
      ? <><PageHead title={<Said text={name} max={64} />} /><Empty>There is no worker of this name. <Link href="/fleet">All workers</Link></Empty></>
      : asked.error ? <ErrorNote error={asked.error} retry={asked.reload} /> : <Loading lines={8} />;
  const agent = asked.data?.agent ?? null;
  const bounds = agent?.instances_max !== undefined ? `, ${agent.instances_min ?? 0} to ${agent.instances_max} are allowed` : '';
  const why = row.trouble || (row.state === 'running' ? '' : row.reason);
  return (
    <>
      <PageHead title={<><Said text={name} max={64} /> <span class="title-state"><State state={row.state} /></span></>}
        sub={<>
          <Link href={`/fleet?q=${encodeURIComponent(row.group)}`}><Said text={row.group} max={64} /></Link>
          {agent?.description ? <> · <Said text={agent.description} max={300} /></> : null}
          {row.last_status ? <> · says “<Said text={row.last_status} max={200} />”</> : null}
        </>}>
        <Actions row={row} bounds={bounds} />
      </PageHead>
      {why ? <div class="head-note"><Notice tone={row.state === 'running' || row.paused ? 'warn' : 'bad'}><Said text={why} max={600} /></Notice></div> : null}
      <Views path={`/workers/${segment(name)}`} views={VIEWS} label="Views of this worker" />
      {view === 'log' ? <LogView worker={name} /> : view === 'crashes' ? <CrashesView worker={name} />
        : view === 'events' ? <EventsPanel worker={name} /> : <NowView row={row} agent={agent} />}
    </>
  );
}

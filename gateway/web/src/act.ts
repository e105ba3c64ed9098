// What a person does. Each asks the server and gives back what it answered, as a sentence; a
// refusal is thrown with the server's own words.
import { ApiError, post, segment } from './api';

export type WorkerVerb = 'start' | 'stop' | 'restart' | 'pause' | 'resume' | 'scale' | 'kill';

interface WorkersAnswer {
  workers?: { worker: string; ok?: boolean; state?: string; result?: string; error?: string }[];
}

export async function actOnWorker(worker: string, verb: WorkerVerb, body: Record<string, unknown> = {}): Promise<string> {
  const answer = await post<WorkersAnswer>(`/workers/${segment(worker)}/${verb}`, body);
  const row = answer.workers?.find((w) => w.worker === worker);
  if (row?.ok === false)
    throw new ApiError(409, row.error ?? row.result ?? `${worker} is ${row.state ?? 'as it was'}`);
  return row?.result ?? row?.state ?? `${verb}: done`;
}

// The decision as it stands afterwards, wherever the answer has it.
function stateOf(answer: unknown): string {
  const o = typeof answer === 'object' && answer !== null ? answer as Record<string, unknown> : {};
  const d = typeof o['decision'] === 'object' && o['decision'] !== null ? o['decision'] as Record<string, unknown> : o;
  return typeof d['state'] === 'string' ? d['state'] : 'answered';
}

export const approve = async (id: number): Promise<string> =>
  `Decision ${id}: approved, now ${stateOf(await post(`/approvals/${id}/approve`)).replace(/_/g, ' ')}.`;

export const deny = async (id: number, reason: string): Promise<string> =>
  `Decision ${id}: ${stateOf(await post(`/approvals/${id}/deny`, reason ? { reason } : {})).replace(/_/g, ' ')}.`;

export async function acknowledge(key: string): Promise<string> {
  await post(`/alerts/${segment(key)}/ack`);
  return 'Seen: it is not said again until it is over.';
}

export async function stopEverything(reason: string): Promise<string> {
  await post('/emergency-stop', { reason });
  return 'The emergency stop is on: every agent is ended and none starts.';
}

export async function resumeEverything(reason: string): Promise<string> {
  await post('/emergency-resume', { reason });
  return 'The emergency stop is lifted.';
}

export async function setAutonomy(enabled: boolean): Promise<string> {
  await post('/autonomous', { enabled });
  return enabled ? 'Decisions are carried out now.' : 'Nova only advises now.';
}

// Which workers a person should look at.
import type { WorkerRow } from './types';

const WRONG = new Set(['halted', 'crashed', 'unknown']);

// Held back by no person: its budget is used up, or it does what it never did before.
const isHeld = ({ state, want }: Pick<WorkerRow, 'state' | 'want'>): boolean =>
  state === 'paused' && (want?.by === 'anomaly' || want?.budget_paused === true);

export function isWrong(row: Pick<WorkerRow, 'state' | 'trouble' | 'want'>): boolean {
  return WRONG.has(row.state) || Boolean(row.trouble) || isHeld(row);
}

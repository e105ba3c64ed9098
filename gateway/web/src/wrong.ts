// Which workers a person should look at.
import type { WorkerRow } from './types';

const WRONG = new Set(['halted', 'crashed', 'unknown']);

export function isWrong(row: Pick<WorkerRow, 'state' | 'trouble'>): boolean {
  return WRONG.has(row.state) || Boolean(row.trouble);
}

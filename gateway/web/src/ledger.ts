// Shapes of the ledger's own state, of what was refused, and of webhooks and platforms.
import type { Amount, Time } from './types';

export interface Verified {
  ok: boolean;
  checked_events: number;
  problems: unknown[];
  n_problems: number;
}

export interface LedgerStats {
  events: number;
  quarantined: number;
  streams: number;
  duplicates_refused: number;
  batches: number;
  head_hash: string;
  bytes: number;
  segments?: { files: number; events: number; bytes: number };
}

export interface Refused {
  seq: number;
  at: Time;
  worker: string | null;
  reason: string;
  offset: number;
  stream: string;
  line: string;
  bytes: number; // of the whole line, of which `line` is the beginning
}

export interface Quality {
  currency: string;
  older_than_days: number;
  events: number;
  quarantined: number;
  unmatched: number;
  workers: { worker: string; events: number; quarantined: number; unmatched: number; uncleared: Amount }[];
}

export interface WebhookSource {
  provider: string;
  accepted: number;
  events: number;
  unread: number;
  lines_refused: number;
  unavailable: number;
  bad: number;
  refused: Record<string, number>;
  last: Time | null;
}

export interface GatewayState {
  address: string;
  tls: boolean;
  ready: boolean;
  uptime_s: number;
  connections: number;
  accepted: number;
  turned_away: number;
  under_way: number;
  bodies_kept: number;
  bodies_lost: number;
  answers: Record<string, number>;
  webhooks: WebhookSource[];
}

export interface WebhookRow {
  seq: number;
  at: Time;
  provider: string;
  id: string;
  type: string | null;
  object: string | null;
  agent: string | null;
  note: string | null;
  bytes: number | null;
  sha256: string | null;
  worker?: string;
  line: string;
}

// The newest verification that was asked for through the gateway.
export type VerifyState = Partial<Verified> & {
  state: 'never' | 'running' | 'done' | 'failed';
  started?: Time | null;
  ended?: Time | null;
  by?: string | null;
  error?: string | null;
};

export interface LedgerState {
  as_of: Time;
  stats: LedgerStats | null; // null: the engine is away, and `warnings` says so
  verify: VerifyState;
  warnings: string[];
}

// What the page of a worker asks for.
import type { Amount, Decision, EventRow, Time, WorkerRow } from '../../types';

export interface WorkerWhole extends WorkerRow {
  as_of: Time;
  agent: Agent | null; // null: the engine does not answer
}

export interface Agent {
  description?: string | null;
  autonomous?: boolean;
  configured?: boolean;
  run_interval_s?: number;
  instances_min?: number;
  instances_max?: number;
  decisions?: Decision[];
  events?: EventRow[];
  budget?: {
    per_run: Amount | null; daily: Amount | null; total: Amount | null;
    spent_today: Amount; spent_total: Amount; currency: string;
  };
  thresholds?: Record<string, number | string | null>;
  tuned?: Tuned | null;
}

export interface Tuned {
  run_interval_s: number;
  params: Record<string, unknown> | null;
  param: string | null; // the one that is being tried
  split: { variant: string; share: number; value: unknown }[];
}

export interface Death {
  seq: number;
  at: Time;
  instance: number;
  generation: number;
  pid: number | null;
  what: string;
  cause: string;
  crash: boolean;
  by: string | null;
  detail: string | null;
  exit_code: number | null;
  signal: string | number | null;
  uptime_s: number | null;
  cpu_s?: number | null;
  memory_peak_bytes?: number | null;
  memory_limit_bytes?: number | null;
  before?: { runs_ok: number; runs_failed: number; cost: Amount; revenue: Amount; currency: string; last_status: string | null };
  next?: { started: boolean; after_s: number | null; state?: string | null; reason?: string | null } | null;
  did?: string | null;
  advice?: string | null;
  lines?: string[] | null;
}

export interface Crashes {
  worker: string;
  deaths: Death[];
  truncated: boolean;
}

export interface Shares {
  total: Amount;
  currency: string;
  rows: { key: string | null; share_percent: number; cost?: Amount; revenue?: Amount }[];
}

export interface LogEntry {
  line: string;
  at?: Time | null;
  instance?: number | null;
  generation?: number | null;
  text?: string;
  cursor?: string;
}

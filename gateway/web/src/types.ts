// Shapes of /api/v1, as novactl --json prints them. Amounts are decimal strings, times RFC 3339.
export type Role = 'readonly' | 'operator' | 'admin';
export type Amount = string;
export type Time = string;

export interface Session {
  name: string;
  role: Role;
  csrf: string;
  expires: Time;
}

// What was earned and spent in a window.
export interface Figures {
  revenue: Amount;
  refunds: Amount;
  disputes: Amount;
  fees: Amount;
  net_revenue: Amount;
  cost: Amount;
  profit: Amount;
  roi_percent: number | null;
}

export interface Windows {
  today: Figures;
  week: Figures;
  month: Figures;
}

export interface HourPoint {
  at: Time;
  revenue: Amount;
  cost: Amount;
  profit: Amount;
}

export interface Budget {
  daily: Amount;
  spent: Amount;
  reserved: Amount;
  remaining: Amount;
  percent_used: number;
  resets_at: Time;
  burn: { at: Time; spent: Amount }[];
  forecast: { p10: Amount; p50: Amount; p90: Amount; exhausted_at: Time | null } | null;
}

export type DecisionState = string;

export interface Decision {
  id: number;
  step?: string;
  type: string;
  worker: string;
  target?: string;
  state: DecisionState;
  rule?: string;
  reason: string;
  expected?: string | null;
  counterfactual?: string | null;
  cost_impact: Amount;
  currency: string;
  requires_approval: boolean;
  from_instances?: number;
  to_instances?: number;
  inputs?: Record<string, unknown>;
  thresholds?: Record<string, unknown>;
  decided_by?: string | null;
  via?: string | null;
  at: Time;
  proposed?: Time | null;
  expires: Time | null;
  decided: Time | null;
  executed: Time | null;
  outcome?: (Record<string, unknown> & { summary?: string }) | null;
}

export interface Alert {
  key: string; // what it is acknowledged by
  severity: 'info' | 'warning' | 'error' | 'critical';
  source: string;
  text: string;
  since: Time;
  approval: number; // the decision that waits; 0: none
  acked_by?: string | null;
}

export interface Stop {
  reason?: string | null;
  by?: string | null;
  at?: Time;
  since?: Time;
}

export interface Process {
  name: string;
  pid: number;
  state: string;
  uptime_s: number;
  restarts: number;
  last_exit: string | null;
}

export interface NovaStatus {
  pid: number;
  version: string;
  uptime_s: number;
  ready: boolean;
  stopping: boolean;
  engine_state?: string;
  engine_reason?: string | null;
}

export interface WorkerCounts {
  total: number;
  running: number;
  paused: number;
  stopped: number;
  crashed: number;
  halted: number;
  starting: number;
  stopping: number;
  waiting: number;
  unknown: number;
}

export interface Overview {
  as_of: Time;
  nova: NovaStatus | null;
  processes: Process[] | null;
  workers: WorkerCounts | null;
  incident: Record<string, unknown> | null;
  currency: string;
  money: Windows | null;
  previous: Windows | null;
  hours: HourPoint[] | null;
  budget: Budget | null;
  autonomy: { enabled: boolean; policy: string } | null;
  stop: Stop | null;
  approvals: Decision[] | null;
  decisions: Decision[] | null;
  alerts: { raised: Alert[] } | null;
  unconverted?: unknown;
  warnings: string[];
}

export interface Resources {
  cpu_s: number;
  cpu_percent: number;
  rss_bytes: number;
  pss_bytes?: number;
  processes: number;
  threads: number;
  fds: number;
}

export interface Instance {
  instance: number;
  pid: number | null;
  generation: number;
  state: string;
  uptime_s: number | null;
  restarts: number;
  last_exit: string | null;
  health?: unknown;
  resources?: Resources | null;
}

export interface Metrics {
  runs: number;
  ok: number;
  failed: number;
  cost: Amount;
  revenue: Amount;
  refunds: Amount;
  fees?: Amount;
  disputes?: Amount;
  profit: Amount;
  roi_percent: number | null;
  crashes: number;
  currency?: string;
}

export interface WorkerRow {
  worker: string;
  group: string;
  state: string;
  reason: string | null;
  trouble?: string | null;
  desired: number;
  up: number;
  paused: boolean;
  restarts: number;
  crashes_in_window?: number;
  crashes_max?: number;
  window_s?: number;
  retry_in_s: number | null;
  instances: Instance[];
  kind?: string;
  metrics: Metrics | null;
  rejected_events?: number;
  last_heartbeat?: Time | null;
  last_status?: string | null;
  last_error?: string | null;
  want?: { state: string; instances: number; paused: boolean; budget_paused?: boolean; reason: string; by: string; since: Time | null };
  spark?: Amount[] | null;
  cpu_percent?: number | null;
  memory_bytes?: number | null;
}

export interface EventRow {
  seq: number;
  at: Time;
  received?: Time;
  kind: string;
  worker?: string;
  instance?: number;
  generation?: number;
  amount?: Amount;
  currency?: string;
  category?: string;
  source?: string;
  note?: string;
  line?: string;
}

export interface WorkersPicture {
  as_of: Time;
  workers: WorkerRow[];
}

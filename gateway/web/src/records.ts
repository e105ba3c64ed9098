// Shapes of decisions in full, of simulations, and of what was stated and came true.
import type { Amount, Decision, Time } from './types';

// What the engine has written down with a decision; which of it there is depends on the policy.
export interface DecisionRecord extends Decision {
  policy?: string;
  threshold?: string;
  limit_value?: number;
  value?: number;
  probability?: number;
  confidence?: number;
  evidence?: number;
  e_value?: number;
  risk?: number;
  risk_band?: string;
  finding?: string;
  reasons?: string[];
  expected_profit?: Amount;
  roi_range_percent?: [number, number, number];
  instead?: Record<string, unknown>;
  to_interval_s?: number;
  split?: Record<string, number>;
  limit?: Amount;
  note?: string;
  claim?: { roi: 'above' | 'below'; percent: number | null; probability: number };
  measure?: { days: number; shift_s: number };
  outcome?: DecisionOutcome | null;
}

// Policies measure different things: what one does not measure is missing.
export interface DecisionOutcome extends Record<string, unknown> {
  at: Time;
  from: Time;
  to?: Time;
  runs: number;
  cost: Amount;
  earned?: Amount;
  roi_percent: number | null;
  cost_before?: Amount;
  earned_before?: Amount;
  profit_change_per_day?: Amount;
  claim_came_true?: boolean | null;
  summary: string;
}

export interface DecisionList {
  decisions: DecisionRecord[]; // newest last
  currency: string;
}

export interface Explained {
  decision: DecisionRecord;
  text: string;
}

export interface Calibration {
  claims: number;
  came_true: number;
  waiting: number;
  not_measurable: number;
  stated: number;
  rate: number;
  brier: number;
  brier_base: number;
  log_loss: number;
  verdict: string;
  needed: number;
  bins: {
    from: number; to: number; claims: number; came_true: number;
    stated: number; rate: number; low: number; high: number; agrees: boolean;
  }[];
}

export interface SimulatedCourse {
  decisions: number;
  cost: Amount;
  earned: Amount;
  profit: Amount;
  not_spent: Amount;
  not_earned: Amount;
}

export interface SimulatedSide {
  first: Time;
  last: Time;
  times: number;
  rule: string;
  reason: string;
  probability: number;
  requires_approval: boolean;
  cost_impact: Amount;
  to_instances: number;
}

export interface SimulatedDecision {
  worker: string;
  type: string;
  differs: boolean;
  now: SimulatedSide | null;
  other: SimulatedSide | null;
  at_stake: { known: boolean; not_spent: Amount; not_earned: Amount; text: string };
}

export interface Simulation {
  from: Time;
  to: Time;
  events: number;
  currency: string;
  now: SimulatedCourse;
  other: SimulatedCourse;
  same_decisions: number;
  not_listed: number;
  complete: boolean;
  decisions: SimulatedDecision[];
}

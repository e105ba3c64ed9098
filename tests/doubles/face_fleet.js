// A fleet that does not exist, in the shapes of /api/v1: for looks and scale. The same seed gives
// the same fleet. Names are those Nova allows; what workers say is as hostile as it may be.
'use strict';

const HOSTILE = [
  '<img src=x onerror="window.__pwned=1">',
  '"><script>window.__pwned=1</script>',
  '\u202Egnp.exe\u202C reversed \u2066isolate\u2069',
  'nul\u0000 bell\u0007 esc \u001b[31mred\u001b[0m \u001b]0;title\u0007 done',
  'x'.repeat(4000),
  'javascript:window.__pwned=1',
  '{{constructor.constructor("window.__pwned=1")()}}',
  'مرحبا بالعالم, שלום, 你好, e\u0301\u0323\u0323\u0323\u0323',
];

// mulberry32: small, and the same everywhere.
function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6D2B79F5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const iso = (ms) => new Date(ms).toISOString();
const amount = (nanos) => {
  const n = typeof nanos === 'bigint' ? nanos : BigInt(Math.round(nanos));
  const abs = (n < 0n ? -n : n).toString().padStart(10, '0');
  const text = `${abs.slice(0, -9)}.${abs.slice(-9).replace(/0{1,7}$/, '')}`;
  return n < 0n ? `-${text}` : text;
};
const usd = (dollars) => amount(Math.round(dollars * 1e6) * 1e3);

function figures(revenue, cost) {
  const refunds = revenue * 0.031;
  const disputes = revenue * 0.004;
  const fees = revenue * 0.029;
  const net = revenue - refunds - disputes - fees;
  return {
    revenue: usd(revenue), refunds: usd(refunds), disputes: usd(disputes), fees: usd(fees),
    net_revenue: usd(net), cost: usd(cost), profit: usd(net - cost),
    roi_percent: cost ? Math.round((net - cost) / cost * 1000) / 10 : null,
  };
}

const GROUPS = ['sales', 'support', 'content', 'research', 'operations', 'experiments'];
const NOUNS = ['email_agent', 'ebook_store', 'course_store', 'link_check', 'token_pricer', 'helpdesk',
  'newsletter', 'price_watch', 'lead_finder', 'doc_index', 'translator', 'ad_buyer'];

function instance(rand, n, state, now) {
  const up = state === 'up';
  return {
    instance: n, pid: up ? 2000 + Math.floor(rand() * 60000) : null,
    generation: 1 + Math.floor(rand() * 6), state, uptime_s: up ? Math.floor(rand() * 400000) : null,
    restarts: Math.floor(rand() * 4), last_exit: state === 'down' || rand() < 0.2 ? 'exit 3 after 5.0 s' : null,
    health: null,
    resources: up ? {
      cpu_s: rand() * 900, cpu_percent: Math.round(rand() * 240) / 10,
      rss_bytes: Math.floor(1e6 + rand() * 2e8), pss_bytes: Math.floor(1e6 + rand() * 1e8),
      processes: 1 + Math.floor(rand() * 3), threads: 2, fds: 9, read_bytes: 0, write_bytes: 0,
    } : null,
    at: now,
  };
}

const STATES = [[0.9, 'running'], [0.93, 'paused'], [0.955, 'stopped'], [0.975, 'crashed'],
  [0.985, 'halted'], [1, 'killed']];
const REASONS = {
  paused: 'paused by uid 0', stopped: 'stopped by uid 0',
  crashed: '3 crashes in 1m (limit 3); last: exit 3', halted: '6 crashes in 1h (limit 5); last: signal 11 (SIGSEGV)',
  killed: 'kill by decision 196: ROI -100% over 8 runs is below the kill threshold 0%',
};

function worker(rand, name, group, now, hostile) {
  const roll = rand();
  const state = STATES.find(([upTo]) => roll < upTo)[1];
  const runs = Math.floor(rand() * 4000);
  const failed = Math.floor(runs * rand() * 0.05);
  const cost = 0.2 + rand() * 9;
  const revenue = rand() < 0.15 ? 0 : cost * (rand() * 4);
  const n = state === 'running' || state === 'paused' ? 1 + Math.floor(rand() * rand() * 4) : 1;
  const alive = state === 'running' || state === 'paused';
  const instances = Array.from({length: n}, (_, i) => instance(rand, i + 1, alive ? 'up' : 'down', now));
  const said = hostile ? HOSTILE[Math.floor(rand() * HOSTILE.length)]
    : rand() < 0.5 ? 'next run in 34s' : 'waiting for the answer of the model';
  const f = figures(revenue, cost);
  return {
    worker: name, group, state, reason: REASONS[state] ?? null, trouble: null,
    desired: state === 'running' || state === 'paused' ? n : 0, up: alive ? n : 0,
    paused: state === 'paused', epoch: 1, restarts: instances.reduce((s, i) => s + i.restarts, 0),
    crashes_in_window: state === 'crashed' ? 3 : 0, crashes_max: 5, window_s: 3600,
    retry_in_s: state === 'crashed' ? 42.5 : null, instances, kind: rand() < 0.7 ? 'task' : 'service',
    metrics: {runs, ok: runs - failed, failed, cost: f.cost, revenue: f.revenue, refunds: f.refunds,
      fees: f.fees, disputes: f.disputes, profit: f.profit, roi_percent: f.roi_percent,
      crashes: Math.floor(rand() * 9), run_s: 41.2, currency: 'USD'},
    rejected_events: rand() < 0.05 ? 3 : 0, unpriced: {events: 0, model: null},
    last_heartbeat: iso(now - rand() * 20000), last_status: said,
    last_error: state === 'crashed' || state === 'halted' ? 'exit 3 after 5.0 s' : null,
    want: {state: alive ? 'running' : 'stopped', instances: n, paused: state === 'paused', budget_paused: false,
      reason: REASONS[state] ?? '', by: 'config', since: null, epoch: 0},
    spark: Array.from({length: 24}, (_, h) => usd((revenue - cost) / 24 * (0.4 + rand() * 1.2) + Math.sin(h) * 0.1)),
    cpu_percent: alive ? instances.reduce((s, i) => s + i.resources.cpu_percent, 0) : null,
    memory_bytes: alive ? instances.reduce((s, i) => s + i.resources.rss_bytes, 0) : null,
  };
}

function fleet(scene, now) {
  const rand = random(7);
  if (scene === 'empty')
    return [];
  const n = scene === 'busy' ? 1000 : 12;
  return Array.from({length: n}, (_, i) => {
    const noun = NOUNS[i % NOUNS.length];
    const name = i < NOUNS.length ? noun : `${noun}_${String(i).padStart(4, '0')}`;
    return worker(rand, name, GROUPS[Math.floor(i * GROUPS.length / n)], now, scene === 'busy' && i % 7 === 3);
  });
}

function decision(id, type, target, state, at, extra = {}) {
  const up = type.startsWith('scale_up');
  return {
    id, step: state === 'pending' ? 'proposed' : 'outcome', type, worker: target, target, state,
    rule: up ? 'roi>=scale' : type === 'kill' ? 'roi<kill' : 'probability',
    reason: up ? 'ROI 620.9% over 9 runs is at or above the scaling threshold 300%: from 1 to 2 instances for $288.00 more a day'
      : 'ROI -100% over 8 runs is below the kill threshold 0%',
    expected: up ? '$288.00 more cost a day, and $2,076.16 more in sales if each run earns as before' : 'saves $86.40 a day',
    counterfactual: up ? 'with $0.29 less in sales it would have stayed as it is' : '$0.02 more in sales would have kept it',
    cost_impact: up ? '288.00' : '0.00', currency: 'USD', requires_approval: state === 'pending',
    from_instances: 1, to_instances: up ? 2 : 0,
    inputs: {window_from: iso(at - 864e5), window_to: iso(at), runs_ok: 9, runs_failed: 0, cost: '0.09',
      revenue: '0.752', refunds: '0.079', fees: '0.0242', disputes: '0.00', roi_percent: up ? 620.9 : -100,
      cost_per_run: '0.01', cost_24h: '0.09', run_interval_ms: 3000, instances: 1, ledger_seq: 281},
    thresholds: {min_roi_percent: 150, scale_roi_percent: 300, kill_roi_percent: 0, min_runs: 8,
      approval_above: '50.00', max_daily_budget: '1500.00'},
    at: iso(at), proposed: iso(at), expires: state === 'pending' ? iso(at + 48 * 36e5) : null,
    decided: state === 'pending' ? null : iso(at), executed: state === 'executed' ? iso(at) : null,
    decided_by: state === 'pending' ? null : 'policy', ...extra,
  };
}

module.exports = {HOSTILE, amount, decision, figures, fleet, iso, random, usd};

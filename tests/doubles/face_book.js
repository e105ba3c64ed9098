// The double's money, ledger and settings: a year of figures that do not add up to anything, in
// the shapes of the real answers.
'use strict';
const {HOSTILE, figures, iso, random, usd} = require('./face_fleet.js');

const DAY = 864e5;
const REPORT = {currency: 'USD', unconverted_money: false, currencies: [
  {currency: 'USD', rate: '1.00', ...figures(1400, 560), base_profit: '768.00'},
  {currency: 'EUR', rate: '1.08', ...figures(90, 40), base_profit: '46.20'}]};

const spread = (v) => ({expected: usd(v), p80: [usd(v * 0.7), usd(v * 1.35)], p95: [usd(v * 0.5), usd(v * 1.6)]});
const flow = (r) => ({in: r.revenue, out: usd(Number(r.cost) + Number(r.refunds) + Number(r.disputes) + Number(r.fees)), net: r.profit, cost: r.cost,
  refunds: r.refunds, disputes: r.disputes, fees: r.fees, payouts: '0.00'});
const position = (name, from, to) => ({class: name, opening: usd(from), closing: usd(to), change: usd(to - from)});

function cashflow(timeline, scale) {
  return {...REPORT, zone: 'UTC', folded: 0, period: timeline.period, by: timeline.by, total: flow(timeline.total),
    rows: timeline.rows.map(({key, from, to, ...r}) => ({key, from, to, ...flow(r)})), positions_by_currency: [],
    positions: [position('platform', 40 * scale, 212 * scale), position('disputed', 0, 12 * scale),
      position('bank', 800 * scale, 1900 * scale), position('vendors', -300 * scale, -720 * scale)],
    uncleared: {older_than_days: 30, platform: usd(14.2 * scale), disputed: '0.00', by_currency: []}};
}

function cohorts(query, scale) {
  const rows = Array.from({length: 12}, (_, i) => {
    const at = Date.now() - (11 - i) * 30 * DAY;
    return {key: iso(at).slice(0, 7), from: iso(at), to: iso(at + 30 * DAY), ...figures(scale * (700 + 40 * i), scale * 300), taken_back_percent: 2.5 + i % 4};
  });
  return {...REPORT, zone: 'UTC', folded: 0, period: {from: iso(Date.now() - 365 * DAY), to: iso(Date.now()), name: 'year'},
    by: query.get('by') ?? 'month', rows: scale ? rows : [], total: {...figures(scale * 11000, scale * 3600), taken_back_percent: 3.1},
    without_sale: {refunds: usd(3 * scale), disputes: '0.00'}};
}

function forecast(query, scale) {
  const days = Number(query.get('days') ?? 7);
  const v = days * scale * 41;
  return {days, basis: scale ? 'evidence' : 'nothing', sales_seen: 210.4, sales_expected: days * 31.5, revenue: spread(v), cost: spread(v * 0.35),
    profit: spread(v * 0.6), of_money_already_spent: usd(v * 0.02), refunds_expected: usd(v * 0.03), worker: query.get('worker'), currency: 'USD',
    text: scale ? 'rests on 210.4 recent sales (old ones count less); as everything runs now, without decisions to come'
      : 'nothing runs and no sale is to come: there is nothing to forecast'};
}

function reinvest(scale) {
  return {...REPORT, after: '35d', by: null, period: {from: null, to: iso(Date.now()), name: 'all'},
    settled: {...figures(scale * 900, scale * 300), from: iso(Date.now() - 63 * DAY), to: iso(Date.now() - 35 * DAY)},
    share_percent: 70, taken_back_without_sale: '3.20', settled_profit: usd(scale * 520), share: usd(scale * 364), granted: '50.00', reinvest: usd(scale * 364 - 50 * Boolean(scale))};
}

function explained(d) {
  const judged = d.id % 2 ? {} : {policy: 'strict', probability: 0.87, confidence: 0.9, risk: 31, risk_band: 'medium', evidence: 84.2, threshold: 'p_scale',
    limit_value: 0.8, value: 0.87, expected_profit: '412.50', roi_range_percent: [88.1, 310.4, 702.9],
    claim: {roi: 'above', percent: 300, probability: 0.87}, measure: {days: 7, shift_s: 0},
    instead: {one_more_sale_p: 0.84, stay_roi_percent: 250.2, budget_left: '120.00', next_best: 'newsletter', next_best_multiple: 2.1}};
  const outcome = d.state === 'executed' ? {outcome: {at: d.at, from: d.at, to: d.at, runs: 412, cost: '81.20', earned: '296.10', roi_percent: 264.7,
    cost_before: '40.10', earned_before: '161.00', profit_change_per_day: '13.43', claim_came_true: false, state: 'running', instances: 2,
    summary: 'in the following 7 days it cost $81.20 and earned $296.10, ROI 264.7%; that its ROI is above 300% was not true; it is running'}} : {};
  const decision = {...d, ...judged, ...outcome};
  return {decision, text: `Decision ${d.id}: ${d.type} ${d.worker}, because ${d.reason}.\nExpected effect: ${d.expected}.\nWhat would have changed it: ${d.counterfactual}.\n`};
}

function calibration(scale) {
  const bins = [0.55, 0.65, 0.75, 0.85, 0.95].map((p, i) => ({from: p - 0.05, to: p + 0.05, claims: 20 + i * 9, came_true: Math.round((20 + i * 9) * p),
    stated: p, rate: i === 1 ? 0.41 : p + 0.02, low: p - 0.15, high: Math.min(1, p + 0.13), agrees: i !== 1}));
  return {claims: scale ? 190 : 0, came_true: scale ? 148 : 0, waiting: 12, not_measurable: 3, stated: 0.79, rate: 0.78, brier: 0.142, brier_base: 0.171,
    log_loss: 0.44, verdict: scale ? 'calibrated' : 'too few', needed: 20, bins: scale ? bins : []};
}

function ledger(scale) {
  return {as_of: iso(Date.now()), warnings: [], stats: {events: scale * 1111873, quarantined: scale * 41, streams: scale * 812, duplicates_refused: scale * 3,
    batches: scale * 90211, head_hash: '10e4c5d865a73b73384dd119063e9e64169665b0e09b4ca445b204bac0326acb', bytes: 4.1e8 * scale,
    segments: {files: 0, events: 0, bytes: 0}}, verify: {state: 'done', started: iso(Date.now() - 9e4), ended: iso(Date.now() - 6e4), by: 'anna',
    ok: true, checked_events: scale * 1111873, problems: [], n_problems: 0}};
}

function quarantine(scale) {
  return {quarantine: Array.from({length: scale ? 30 : 0}, (_, i) => ({seq: 900 - i, at: iso(Date.now() - i * 4e5), worker: 'course_store',
    reason: i % 2 ? 'amount is not a decimal number' : 'event is unknown', offset: 0, stream: '1', line: HOSTILE[i % HOSTILE.length], bytes: 63}))};
}

function quality(rows, scale) {
  return {currency: 'USD', older_than_days: 30, events: scale * 1111873, quarantined: scale * 41, unmatched: scale,
    workers: [...rows.keys()].map((worker, i) => ({worker, events: 9000 - i * 8, quarantined: i % 7 === 3 ? 3 : 0, unmatched: 0, uncleared: '0.00'}))};
}

function gateway(scale) {
  const source = (provider, n) => ({provider, accepted: n, events: n * 2, unread: 0, lines_refused: 0, unavailable: 0, bad: 0,
    refused: {forged: n ? 2 : 0, stale: 0}, last: n ? iso(Date.now() - 6e4) : null});
  return {address: '127.0.0.1:5001', tls: false, ready: true, uptime_s: 81230, connections: 4, accepted: 9120, turned_away: 0, under_way: 0,
    bodies_kept: 12, bodies_lost: 0, answers: {200: 9011, 401: 3, 404: 1}, webhooks: [source('stripe', 812 * scale), source('gumroad', 0)]};
}

function settings(rows) {
  const file = '/etc/nova/nova.yaml';
  const list = [['currency', 'USD', `${file}:12`], ['max_daily_budget', '$1500.00', `${file}:17`], ['approval_above', '$50.00', `${file}:21`],
    ['policy', 'strict', 'default'], ['min_roi', '150%', 'default'], ['scale_roi', '300%', `${file}:29`], ['kill_roi', '0%', 'default'], ['min_runs', '20', 'default'],
    ['platforms.stripe.key', '(secret)', 'secrets/stripe_api_key']].map(([key, value, origin]) => ({key, value, origin}));
  for (const name of rows.keys())
    for (const [key, value, origin] of [['command', '["python3", "agents/sell.py", "--note", "two words"]', `/etc/nova/workers.d/${name}.yaml:3`], ['run_interval', '1m', 'default']])
      list.push({key: `workers.${name}.${key}`, value, origin});
  return {config: file, settings: list};
}

function prices() {
  const rand = random(9);
  return {providers: ['anthropic', 'openai', 'google', 'mistral', 'aws'].map((provider) => ({provider, models: 5 + Math.floor(rand() * 90)})),
    models: 1442, table: '/usr/share/nova/prices.json', currency: 'USD', at: iso(Date.now())};
}

function get(p, query, {rows, scale, decisions, timeline}) {
  const id = /^\/decisions\/(\d+)$/.exec(p)?.[1];
  if (id) {
    const d = decisions.find((x) => String(x.id) === id) ?? decisions[0];
    return d ? explained(d) : undefined;
  }
  switch (p) {
  case '/cashflow': return cashflow(timeline, scale);
  case '/cohorts': return cohorts(query, scale);
  case '/forecast': return forecast(query, scale);
  case '/reinvest': return reinvest(scale);
  case '/calibration': return calibration(scale);
  case '/ledger': return ledger(scale);
  case '/quarantine': return quarantine(scale);
  case '/quality': return quality(rows, scale);
  case '/gateway': return gateway(scale);
  case '/webhooks': return {webhooks: [], counts: {}, next_seq: 1, more: false};
  case '/platforms': return {platforms: [{platform: 'stripe', summary: 'Stripe: payments, subscriptions, refunds, revenue', state: scale ? 'ready' : 'off',
    ...scale ? {mode: 'live', account: 'acct_1', booked: 812, outbox: {waiting: 0, unknown: 0}, poll: {last: iso(Date.now() - 3e4), error: null}} : {}}]};
  case '/config': return settings(rows);
  case '/prices': return prices();
  default: return undefined;
  }
}

module.exports = {REPORT, get};

// The rest of the double of /api/v1: what single pages ask for.
'use strict';
const {HOSTILE, amount, iso, random} = require('./face_fleet.js');
const book = require('./face_book.js');
const money = require('./face_money.js');

const STEPS = {hour: money.HOUR, day: money.DAY, week: 7 * money.DAY, month: 30 * money.DAY, year: 365 * money.DAY};

// Rows that tile the window, and their sum. `of`: the part of the fleet that one target is.
function timeline(query, scale, of = 1) {
  const {from, to, days, period: p} = money.period(query, 'month');
  const by = query.get('by') ?? (days <= 1 ? 'hour' : 'day');
  const step = STEPS[by] ?? money.DAY;
  const rows = [];
  let total = money.none();
  for (let at = from; at < to; at += step) {
    const sum = money.between(at, Math.min(at + step, to), scale, of);
    total = money.plus(total, sum);
    rows.push({key: iso(at).slice(0, by === 'hour' ? 16 : 10), from: iso(at), to: iso(at + step), ...money.shown(sum)});
  }
  return {...book.REPORT, zone: 'UTC', total: money.shown(total), folded: 0, period: p, by, rows};
}

function shares(query, kind, keys, scale) {
  const {from, to, period: p} = money.period(query, 'today');
  const sum = money.between(from, to, scale, query.get('target') ? 8 : 1);
  const weights = [52, 24, 13, 7, 4];
  const parts = money.split(sum, weights);
  return {total: amount(sum[kind]), period: p, currency: 'USD', by: query.get('by') ?? 'worker', unconverted_money: false,
    rows: scale ? keys.map((key, i) => ({key, [kind]: amount(parts[i][kind]), share_percent: weights[i]})) : []};
}

function pnl(query, scale, rows) {
  const {from, to, period: p} = money.period(query, 'today');
  const by = query.get('by') ?? 'worker';
  const keys = by === 'worker' ? [...rows.keys()] : by === 'group' ? ['sales', 'support', 'content'] : ['stripe', 'gumroad', 'llm', 'ads'];
  const sum = money.between(from, to, scale, query.get('target') ? 8 : 1);
  const rand = random(5);
  // Who earns much does not always spend much: some lose.
  const earned = money.split(sum, keys.map(() => 1 + Math.floor(rand() * 99)));
  const spent = money.split(sum, keys.map(() => 1 + Math.floor(rand() * 99)));
  return {...book.REPORT, total: money.shown(sum), period: p, by,
    rows: scale ? keys.map((key, i) => ({key, ...money.shown({...earned[i], cost: spent[i].cost})})) : []};
}

function agent(row, decisions) {
  return {...row, configured: true, halted: row.state === 'halted', description: 'Sells courses, replayed from recorded Stripe transactions',
    autonomous: true, run_interval_s: 60, instances_min: 0, instances_max: 8,
    params: {subject_style: {value: 'question', choices: ['plain', 'question', 'number']}},
    decisions: decisions.slice(0, 4), events: [],
    budget: {per_run: '0.01', daily: '10.00', total: '200.00', spent_today: '3.1', spent_total: '64.2', currency: 'USD'},
    thresholds: {min_roi_percent: 150, scale_roi_percent: 300, kill_roi_percent: 0, min_runs: 20}};
}

function death(i) {
  const at = Date.now() - i * 37e5 - 6e4;
  return {seq: 6394 - i * 60, at: iso(at), instance: 1, generation: 24 - i, pid: 14427, what: `ended with exit code 3 after 5.0 s`,
    cause: i % 3 === 2 ? 'oom' : 'crash', crash: true, by: null, detail: i % 3 === 2 ? 'limit 64 MiB, peak 64 MiB' : null, exit_code: i % 3 === 1 ? null : 3,
    signal: i % 3 === 1 ? 'SIGSEGV' : null, stage: null, errno: null, started: iso(at - 5025), uptime_s: 5.025, cpu_s: 0.03,
    memory_peak_bytes: 1568768, memory_limit_bytes: 67108864, asked: null,
    before: {runs_ok: 4, runs_failed: 1, cost: '0.12', revenue: '0.40', currency: 'USD', last_heartbeat: null, last_status: HOSTILE[3], events: []},
    next: {started: true, after_s: 20.015, generation: 25 - i, state: 'cooldown', reason: '3 crashes in 1m (limit 3); last: exit 3'},
    did: 'it was given a rest (3 crashes in 1m (limit 3); last: exit 3); it was started again after 20.0 s, as generation 25',
    advice: 'its last lines should say why it gave up', lines: [`${iso(at)} #1.24 upstream closed the connection`, `${iso(at)} #1.24 ${HOSTILE[0]}`]};
}

const logLine = (i) => `${iso(Date.now())} #1.${i % 3 + 1} ${i % 11 === 5 ? HOSTILE[i % HOSTILE.length]
  : ['charge 0.019 E-book: Watch repair for beginners', '{"cost": "0.002", "category": "ads"}', 'asking the model', 'refund 0.009'][i % 4]}`;

function follow(p, res, say) {
  res.writeHead(200, {'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store'});
  let i = 0;
  const timer = setInterval(() => say(res, 'line', {line: logLine(i)}, String(i++)), 400);
  res.on('close', () => clearInterval(timer));
}

function get(p, query, {rows, scale, decisions}) {
  const m = /^\/workers\/([^/]+)\/(crashes|why|logs|instances)$/.exec(p);
  if (m?.[2] === 'logs')
    return {lines: Array.from({length: 40}, (_, i) => logLine(i)), cursor: '0'};
  if (m)
    return {worker: m[1], desired: {}, truncated: false, deaths: scale ? Array.from({length: 6}, (_, i) => death(i)) : [], now: {}};
  switch (p) {
  case '/timeline': return timeline(query, scale, query.get('target') ? 8 : 1);
  case '/costs': return shares(query, 'cost', ['llm', 'ads', 'storage', '(none)', 'compute'], scale);
  case '/revenue': return shares(query, 'revenue', ['stripe', 'gumroad', 'helpdesk', 'link-check', '(none)'], scale);
  case '/pnl': return pnl(query, scale, rows);
  case '/decisions': return {decisions: [...decisions].reverse(), currency: 'USD'};
  case '/events': return {events: []};
  default: return book.get(p, query, {rows, scale, decisions, timeline: timeline(query, scale)});
  }
}

module.exports = {agent, follow, get, post: () => ({ok: true})};

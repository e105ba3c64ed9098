// The rest of the double of /api/v1: what single pages ask for.
'use strict';
const {HOSTILE, figures, iso, random, usd} = require('./face_fleet.js');
const book = require('./face_book.js');

const DAY = 864e5;

// The window that a question names.
function period(query, fallback) {
  const name = query.get('period') ?? fallback;
  const days = {today: 1, week: 7, '7d': 7, month: 30, '30d': 30, '90d': 90, year: 365, '365d': 365, all: 365}[name] ?? 30;
  return {days, period: {from: iso(Date.now() - days * DAY), to: iso(Date.now()), name}};
}

function timeline(query, scale) {
  const {days, period: p} = period(query, 'month');
  const by = query.get('by') ?? (days <= 1 ? 'hour' : 'day');
  const step = by === 'hour' ? 36e5 : DAY;
  const n = Math.min(400, Math.ceil(days * DAY / step));
  const rand = random(3);
  const start = Math.floor(Date.now() / step) * step - (n - 1) * step;
  const rows = Array.from({length: n}, (_, i) => ({
    key: iso(start + i * step).slice(0, by === 'hour' ? 16 : 10), from: iso(start + i * step), to: iso(start + (i + 1) * step),
    ...figures(scale * (20 + 12 * Math.sin(i / 5) + rand() * 18) * step / DAY, scale * (9 + rand() * 7) * step / DAY)}));
  return {...book.REPORT, zone: 'UTC', total: figures(scale * 20 * days, scale * 12 * days), folded: 0, period: p, by, rows};
}

function shares(query, kind, keys, scale) {
  const {days, period: p} = period(query, 'today');
  const parts = [52, 24, 13, 7, 4];
  return {total: usd(scale * days * 10), period: p, currency: 'USD', by: query.get('by') ?? 'worker', unconverted_money: false,
    rows: scale ? keys.map((key, i) => ({key, [kind]: usd(scale * days * parts[i] / 10), share_percent: parts[i]})) : []};
}

function pnl(query, scale, rows) {
  const {days, period: p} = period(query, 'today');
  const by = query.get('by') ?? 'worker';
  const keys = by === 'worker' ? [...rows.keys()] : by === 'group' ? ['sales', 'support', 'content'] : ['stripe', 'gumroad', 'llm', 'ads'];
  const rand = random(5);
  return {...book.REPORT, total: figures(scale * 41.5 * days, scale * 14.2 * days), period: p, by,
    rows: scale ? keys.map((key) => ({key, ...figures(rand() * 6 * days, rand() * 3 * days)})) : []};
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
  case '/timeline': return timeline(query, scale / (query.get('target') ? 8 : 1));
  case '/costs': return shares(query, 'cost', ['llm', 'ads', 'storage', '(none)', 'compute'], scale);
  case '/revenue': return shares(query, 'revenue', ['stripe', 'gumroad', 'helpdesk', 'link-check', '(none)'], scale);
  case '/pnl': return pnl(query, scale, rows);
  case '/decisions': return {decisions: [...decisions].reverse(), currency: 'USD'};
  case '/events': return {events: []};
  default: return book.get(p, query, {rows, scale, decisions, timeline: timeline(query, scale)});
  }
}

module.exports = {agent, follow, get, post: () => ({ok: true})};

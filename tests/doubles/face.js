// The gateway's API, as far as the dashboard needs it to be looked at: pages from a directory that
// gateway/web/build.mjs made, and a fleet that does not exist (face_fleet.js).
//
//   node face.js --site DIR [--scene busy|small|empty|away] [--port N]
//
// busy: 1,000 workers, hostile words, a year of money. small: a dozen. empty: a young fleet
// without workers. away: engine and alerts do not answer. Tokens: nova_admin, nova_operator,
// nova_readonly. Actions change the fleet; POST /_say {"event","data"} says something on every
// stream; GET /_log lists what was posted. A line "down" on standard input: it hangs up on everybody,
// until a line "up". Prints its address; ends with its standard input.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const {parseArgs} = require('util');
const {HOSTILE, decision, fleet, iso, random, usd} = require('./face_fleet.js');
const money = require('./face_money.js');
const more = require('./face_more.js');

const {values: args} = parseArgs({options: {site: {type: 'string'}, scene: {type: 'string', default: 'busy'},
  port: {type: 'string', default: '0'}}});
const SCENE = args.scene;
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
  + "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = {'.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8', '.txt': 'text/plain; charset=utf-8'};

const now = () => Date.now();
const rand = random(11);
const rows = new Map(fleet(SCENE, now()).map((r) => [r.worker, r]));
const scale = SCENE === 'busy' ? 9 : SCENE === 'small' ? 1 : 0;
const state = {
  enabled: true, stop: null, streams: new Set(), log: [], wrong: 0,
  approvals: scale ? [
    decision(284, 'scale_up', 'course_store', 'pending', now() - 6e5),
    ...SCENE === 'busy' ? [decision(291, 'scale_up', 'newsletter', 'pending', now() - 24e4,
      {reason: HOSTILE[0], expected: HOSTILE[2], cost_impact: '1250.5'})] : [],
  ] : [],
  decisions: scale ? Array.from({length: 12}, (_, i) => decision(260 - i, ['kill', 'scale_up', 'optimize'][i % 3],
    [...rows.keys()][i * 3 % rows.size], ['executed', 'executed', 'denied', 'expired'][i % 4], now() - 12e5 - i * 41e5,
    i % 4 ? {} : {outcome: {summary: 'since then 20 runs, cost $0.04, ROI 459.4%; it is running'}})) : [],
  alerts: scale ? [
    {key: 'halted:link_check', severity: 'error', source: 'workers status', since: iso(now() - 9e5), approval: 0,
      text: 'link_check is halted: 6 crashes in 1h (limit 5); last: signal 11 (SIGSEGV)', acked_by: null},
    {key: 'budget:fleet', severity: 'warning', source: 'budget show', since: iso(now() - 3e5), approval: 0,
      text: 'by midnight $118.20 will have been spent, the limit of the day is $100.00', acked_by: 'telegram:4711'},
  ] : [],
};

// Today, 7 and 30 days; or each the same length before.
function windows(back) {
  const ends = {today: 1, week: 7, month: 30};
  return Object.fromEntries(Object.entries(ends).map(([name, days]) => {
    const shift = back ? days * money.DAY : 0;
    return [name, money.shown(money.between(money.midnight() - (days - 1) * money.DAY - shift, now() - shift, scale))];
  }));
}

function hours() {
  return Array.from({length: 24}, (_, i) => {
    const at = Math.floor(now() / money.HOUR) * money.HOUR - (23 - i) * money.HOUR;
    const {revenue, cost, profit} = money.shown(money.between(at, at + money.HOUR, scale));
    return {at: iso(at), revenue, cost, profit};
  });
}

function budget() {
  const daily = 30 * (scale || 1);
  const from = money.midnight();
  const spentBy = (to) => Number(money.shown(money.between(from, to, scale)).cost);
  const spent = spentBy(now());
  const n = Math.max(1, Math.ceil((now() - from) / money.HOUR));
  return {
    daily: usd(daily), spent: usd(spent), reserved: usd(scale * 2.88), remaining: usd(daily - spent - scale * 2.88),
    percent_used: spent / daily * 100, resets_at: iso(from + money.DAY),
    burn: Array.from({length: n}, (_, h) => ({at: iso(from + h * money.HOUR), spent: usd(spentBy(from + h * money.HOUR))})),
    forecast: scale ? {p10: usd(daily * 0.8), p50: usd(daily * 0.97), p90: usd(daily * 1.18),
      exhausted_at: iso(from + 22.6 * money.HOUR)} : null,
  };
}

function counts() {
  const c = {total: rows.size, running: 0, paused: 0, stopped: 0, crashed: 0, halted: 0, starting: 0, stopping: 0,
    waiting: 0, unknown: 0};
  for (const r of rows.values())
    c[r.state === 'killed' ? 'stopped' : r.state]++;
  return c;
}

const NOVA = {pid: 4711, version: '0.1.0', uptime_s: 93211, ready: true, stopping: false, engine_state: 'ready',
  engine_reason: null};

function overview() {
  const at = iso(now());
  const base = {as_of: at, nova: NOVA, processes: ['keeper', 'novasupd', 'nova-logger', 'nova-engine'].map((name, i) => (
    {name, pid: 4711 + i, state: SCENE === 'away' && name === 'nova-engine' ? 'backoff' : 'up', uptime_s: 93211,
      restarts: 0, last_exit: null})), workers: counts(), incident: null, currency: 'USD', unconverted: false, warnings: []};
  if (SCENE === 'away')
    return {...base, money: null, previous: null, hours: null, budget: null, autonomy: null, stop: null, approvals: null,
      decisions: null, alerts: null, warnings: ['the engine does not answer: money, budget, decisions and approvals are not known',
        'nova-alerts does not run: nobody is told when something breaks']};
  return {...base, money: windows(false), previous: windows(true),
    hours: hours(),
    budget: budget(), autonomy: {enabled: state.enabled, policy: 'strict'}, stop: state.stop, approvals: state.approvals,
    decisions: state.decisions, alerts: {raised: state.alerts}};
}

// ---- streams ----

function say(res, event, data, id) {
  res.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

const sayAll = (event, data, id) => {
  for (const s of state.streams)
    say(s, event, data, id);
};

function changed(names) {
  sayAll('workers', {as_of: iso(now()), changed: names.map((n) => rows.get(n)).filter(Boolean), removed: []});
  sayAll('overview', overview());
}

function stream(req, res) {
  res.writeHead(200, {'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store'});
  res.write('retry: 2000\n\n');
  state.streams.add(res);
  res.on('close', () => state.streams.delete(res));
  say(res, 'overview', overview());
  say(res, 'workers', {as_of: iso(now()), changed: [...rows.values()], removed: [], whole: true});
}

// A fleet is never still: a few rows of it change each second.
function live() {
  const names = [...rows.keys()];
  const some = names.filter(() => rand() < 0.02).slice(0, 30);
  for (const n of some)
    for (const i of rows.get(n).instances)
      if (i.resources)
        i.resources.cpu_percent = Math.round(rand() * 240) / 10;
  if (some.length)
    sayAll('workers', {as_of: iso(now()), changed: some.map((n) => rows.get(n)), removed: []});
  sayAll('overview', overview());
  sayAll('tick', {as_of: iso(now())});
}

// ---- actions ----

class Refusal extends Error {
  constructor(status, text, headers = {}) {
    super(text);
    this.status = status;
    this.headers = headers;
  }
}

const RANK = {readonly: 0, operator: 1, admin: 2};
function need(who, role) {
  if (RANK[who.role] < RANK[role])
    throw new Refusal(403, `this needs the role ${role}; ${who.name} has ${who.role}`);
}

function row(name) {
  const r = rows.get(name);
  if (!r)
    throw new Refusal(404, `there is no worker "${name}"`);
  return r;
}

function act(name, verb, body) {
  const r = row(name);
  const to = {start: 'running', stop: 'stopped', restart: 'running', pause: 'paused', resume: 'running', kill: 'killed',
    scale: r.state}[verb];
  if (r.state === 'killed' && verb !== 'kill')
    throw new Refusal(409, `${name} was killed: only novactl deploy brings it back`);
  if (verb === 'scale' && !(body.instances >= 1 && body.instances <= 8))
    throw new Refusal(409, `${name} may have 1 to 8 instances (instances.min and max), not ${body.instances}`);
  r.state = to;
  r.paused = to === 'paused';
  if (verb === 'scale')
    r.desired = body.instances;
  changed([name]);
  return {workers: [{worker: name, ok: true, state: to, result: verb === 'resume' ? 'resumed, running' : to,
    desired: r.desired, up: r.up, epoch: 12}]};
}

function answerApproval(id, verb, body) {
  const d = state.approvals.find((a) => String(a.id) === id);
  if (!d)
    throw new Refusal(409, `decision ${id} does not wait: it is void`);
  state.approvals = state.approvals.filter((a) => a !== d);
  Object.assign(d, {state: verb === 'approve' ? 'executed' : 'denied', decided: iso(now()), decided_by: 'dashboard',
    denied_reason: body.reason || null});
  state.decisions = [d, ...state.decisions].slice(0, 12);
  sayAll('overview', overview());
  return {decision: d};
}

function posted(p, who, body) {
  let m;
  if ((m = /^\/workers\/([^/]+)\/(start|stop|restart|pause|resume|scale|kill)$/.exec(p))) {
    need(who, m[2] === 'kill' ? 'admin' : 'operator');
    return act(decodeURIComponent(m[1]), m[2], body);
  }
  if ((m = /^\/approvals\/(\d+)\/(approve|deny)$/.exec(p))) {
    need(who, 'operator');
    return answerApproval(m[1], m[2], body);
  }
  if ((m = /^\/alerts\/([^/]+)\/ack$/.exec(p))) {
    need(who, 'operator');
    const a = state.alerts.find((x) => x.key === decodeURIComponent(m[1]));
    if (!a)
      throw new Refusal(404, 'there is no such alert now');
    a.acked_by = `dashboard:${who.name}`;
    sayAll('overview', overview());
    return {key: a.key, acked_by: a.acked_by};
  }
  need(who, p === '/autonomous' || p === '/emergency-resume' ? 'admin' : 'operator');
  if (p === '/autonomous')
    state.enabled = Boolean(body.enabled);
  else if (p === '/emergency-stop')
    state.stop = {reason: body.reason, by: who.name, at: iso(now())};
  else if (p === '/emergency-resume')
    state.stop = null;
  else
    return more.post(p, body);
  sayAll('overview', overview());
  return {ok: true};
}

function got(p, query) {
  let m;
  if (p === '/overview')
    return overview();
  if (p === '/workers')
    return {as_of: iso(now()), workers: [...rows.values()]};
  if ((m = /^\/workers\/([^/]+)$/.exec(p))) {
    const r = row(decodeURIComponent(m[1]));
    return {as_of: iso(now()), ...r, agent: more.agent(r, state.decisions)};
  }
  if (p === '/approvals')
    return {approvals: state.approvals, currency: 'USD'};
  if (p === '/alerts')
    return {alerts: state.alerts, looked: iso(now())};
  const answer = more.get(p, query, {rows, scale, scene: SCENE, decisions: [...state.approvals, ...state.decisions]});
  if (answer === undefined)
    throw new Refusal(404, `there is no ${p} here`);
  return answer;
}

// ---- the server ----

function cookieOf(req) {
  return /(?:^|; )nova_session=([^;]+)/.exec(req.headers.cookie ?? '')?.[1] ?? null;
}

const session = (role) => ({name: role === 'admin' ? 'anna' : role, role, csrf: `csrf-${role}`, expires: iso(now() + 432e5)});

function logIn(res, body) {
  const role = /^nova_(admin|operator|readonly)$/.exec(body.token ?? '')?.[1];
  if (state.wrong >= 5)
    throw new Refusal(429, 'too many wrong tokens from this address', {'Retry-After': '840'});
  if (!role) {
    state.wrong++;
    throw new Refusal(401, 'the token is not known');
  }
  res.setHeader('Set-Cookie', `nova_session=${role}; HttpOnly; SameSite=Strict; Path=/`);
  return session(role);
}

function api(req, res, p, query, body) {
  if (p === '/session' && req.method === 'POST')
    return logIn(res, body);
  const role = cookieOf(req);
  if (!role)
    throw new Refusal(401, 'log in first');
  if (p === '/session') {
    if (req.method === 'DELETE')
      res.setHeader('Set-Cookie', 'nova_session=; Path=/; Max-Age=0');
    return session(role);
  }
  if (req.method === 'GET')
    return got(p, query);
  if (req.headers['x-nova-csrf'] !== `csrf-${role}`)
    throw new Refusal(403, 'the CSRF token is missing or wrong');
  state.log.push({path: p, body});
  return posted(p, session(role), body);
}

function page(res, p) {
  const file = path.join(args.site, p.startsWith('/assets/') ? path.normalize(p) : 'index.html');
  if (!fs.existsSync(file))
    throw new Refusal(404, 'there is no such file');
  res.writeHead(200, {'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': CSP,
    'X-Content-Type-Options': 'nosniff'});
  res.end(fs.readFileSync(file));
}

function handle(req, res, text) {
  const url = new URL(req.url, 'http://x');
  const json = (status, value, headers = {}) => {
    res.writeHead(status, {'Content-Type': 'application/json', ...headers});
    res.end(JSON.stringify(value));
  };
  try {
    const body = text ? JSON.parse(text) : {};
    if (url.pathname === '/_say') {
      sayAll(body.event, body.data, body.id);
      return json(200, {});
    }
    if (url.pathname === '/_log')
      return json(200, state.log);
    if (!url.pathname.startsWith('/api/v1/'))
      return page(res, url.pathname);
    const p = url.pathname.slice('/api/v1'.length);
    const sse = req.headers.accept === 'text/event-stream';
    if (sse && !cookieOf(req))
      throw new Refusal(401, 'log in first');
    if (sse)
      return p === '/stream' ? stream(req, res) : more.follow(p, res, say);
    return json(200, api(req, res, p, url.searchParams, body));
  } catch (e) {
    return json(e.status ?? 500, {error: e.message}, e.headers);
  }
}

const server = http.createServer((req, res) => {
  const parts = [];
  req.on('data', (d) => parts.push(d));
  req.on('end', () => handle(req, res, Buffer.concat(parts).toString()));
});
server.listen(Number(args.port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
const timer = setInterval(live, 1000);
const sockets = new Set();
let down = false;
server.on('connection', (s) => {
  sockets.add(s);
  s.on('close', () => sockets.delete(s));
  if (down)
    s.destroy();
});
process.stdin.on('data', (d) => {
  down = String(d).trim() === 'down';
  if (down)
    for (const s of sockets)
      s.destroy();
});
process.stdin.on('end', () => {
  clearInterval(timer);
  process.exit(0);
});

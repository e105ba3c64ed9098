// SendGrid, as far as Nova needs it: requests are validated by the vendor's own descriptions
// (unknown members are refused), with a small state: mails, lists, fields, contacts,
// suppressions. It can lose answers: it acts, then drops the connection. Prints its port; ends
// with its standard input.
//
// POST /_control {"faults":[{"match":"POST /v3/mail/send","how":"lose"|"drop"|"hang"|STATUS,
//   "times":1,"skip":0,"headers":{},"body":{}}], "suppressed":{"bounces":["a@b.example"]},
//   "forget":["mails","faults"]}
// and GET /_state.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const zlib = require('zlib');
const formats = require('ajv-formats');
const {OpenAPIBackend} = require('openapi-backend');

const DATA = path.join(__dirname, '../data/vendors/sendgrid');
const AREAS = ['mail', 'mc_contacts', 'mc_lists', 'mc_custom_fields', 'suppressions', 'templates',
  'stats'];

// Whatever has listed properties has no others. What the description says of JSON that 3.1 and
// its own examples contradict is mended: custom_args of a mail is an object there, and Accept is
// a header that the description counts as a parameter.
function close(schema) {
  if (!schema || typeof schema !== 'object')
    return;
  if (schema.properties && schema.additionalProperties === undefined && !schema.allOf &&
      !schema.anyOf && !schema.oneOf)
    schema.additionalProperties = false;
  if (schema.name === 'Accept' && schema.in === 'header')
    schema.required = false;
  for (const value of Object.values(schema))
    close(value);
}

function load(area) {
  const spec = JSON.parse(zlib.gunzipSync(fs.readFileSync(
    path.join(DATA, `tsg_${area}_v3.json.gz`))));
  for (const methods of Object.values(spec.paths))
    for (const op of Object.values(methods))
      if (op.requestBody)
        close(op.requestBody);
  close(spec.components?.requestBodies);
  close(spec.components?.schemas);
  return new OpenAPIBackend({definition: spec, quick: true, validate: true,
    customizeAjv: formats, ajvOpts: {strict: false, coerceTypes: false}});
}

const state = {mails: [], requests: [], invalid: [], faults: [], lists: [], fields: [],
  contacts: [], n: 0, suppressed: {bounces: [], blocks: [], spam_reports: [], invalid_emails: [],
    unsubscribes: [], group: []}};
const backends = [];

const uuid = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

function mail(body) {
  const count = body.personalizations.reduce((n, p) => {
    const all = [...p.to ?? [], ...p.cc ?? [], ...p.bcc ?? []].map((a) => a.email.toLowerCase());
    if (new Set(all).size !== all.length)
      throw Object.assign(new Error('Each email address in the personalization block should be ' +
        'unique between to, cc, and bcc.'), {field: 'personalizations.0'});
    return n + all.length;
  }, 0);
  if (count > 1000)
    throw new Error('Too many recipients');
  if (/[\r\n]/.test(body.subject ?? ''))
    throw new Error('header injection');
  state.mails.push(body);
  state.n++;
  const sandbox = body.mail_settings?.sandbox_mode?.enable;
  return {status: sandbox ? 200 : 202, headers: {'X-Message-Id': `msg-${state.n}`}};
}

function crud(list, method, id, body, done) {
  const found = list.find((l) => l.id === id);
  if (method === 'POST') {
    if (list.some((l) => l.name === body.name))
      return {status: 400, body: {errors: [{message: 'name already exists', field: 'name'}]}};
    const made = {id: uuid(++state.n), ...body};
    list.push(made);
    return {status: done, body: made};
  }
  if (method === 'GET' && !id)
    return {status: 200, body: {result: list}};
  if (!found)
    return {status: 404, body: {errors: [{message: 'not found', field: 'id'}]}};
  if (method === 'PATCH')
    Object.assign(found, body);
  if (method === 'DELETE') {
    list.splice(list.indexOf(found), 1);
    return {status: 204};
  }
  return {status: 200, body: found};
}

function act(method, parts, query, body) {
  const [, first, second, third, fourth] = parts;
  if (first === 'mail')
    return mail(body);
  if (first === 'marketing' && second === 'lists')
    return third && fourth === 'contacts' ? {status: 202, body: {job_id: uuid(1)}}
      : crud(state.lists, method, third, body, 201);
  if (first === 'marketing' && second === 'field_definitions')
    return crud(state.fields, method, third, body, 200);
  if (first === 'marketing' && second === 'contacts')
    return contacts(method, third, fourth, query, body);
  if (first === 'asm' && second === 'groups')
    return method === 'GET' ? {status: 200, body: state.suppressed.group}
      : suppress(method, 'group', parts[5], body);
  if (first === 'asm')
    return suppress(method, 'unsubscribes', parts[4], body);
  if (first === 'suppression')
    return suppression(method, second, third, query);
  if (first === 'templates')
    return {status: 200, body: second ? {id: second} : {result: [{id: 'd-1'}], _metadata: {}}};
  return {status: 200, body: [{date: query.get('start_date'), stats: []}]};
}

function contacts(method, third, fourth, query, body) {
  if (method === 'PUT') {
    state.contacts.push(...body.contacts);
    return {status: 202, body: {job_id: uuid(++state.n)}};
  }
  if (third === 'imports')
    return {status: 200, body: {id: fourth, status: 'completed', results: {errored_count: 0}}};
  if (method === 'DELETE')
    return {status: 202, body: {job_id: uuid(++state.n)}};
  const found = Object.fromEntries((body.emails ?? []).map((e) => [e, {contact:
    state.contacts.find((c) => c.email === e)}]));
  return {status: 200, body: {result: body.emails ? found : state.contacts}};
}

function suppress(method, list, email, body) {
  const rows = state.suppressed[list];
  if (method === 'POST') {
    rows.push(...body.recipient_emails);
    return {status: 201, body: {recipient_emails: body.recipient_emails}};
  }
  state.suppressed[list] = rows.filter((e) => e !== email);
  return {status: 204};
}

function suppression(method, list, email, query) {
  const rows = state.suppressed[list];
  if (method === 'DELETE') {
    state.suppressed[list] = rows.filter((e) => e !== email);
    return {status: 204};
  }
  const from = Number(query.get('offset') ?? 0);
  const some = email ? rows.filter((e) => e === email)
    : rows.slice(from, from + Number(query.get('limit') ?? 500));
  return {status: 200, body: some.map((e) => ({email: e, created: 1, reason: 'x'}))};
}

// The answer to a request that is not what a description says; null when it is.
function invalid(request) {
  for (const backend of backends) {
    const operation = backend.router.matchOperation(request);
    if (!operation)
      continue;
    const result = backend.validator.validateRequest(request, operation);
    if (result.valid)
      return null;
    const first = result.errors[0];
    state.invalid.push({path: request.path, errors: result.errors});
    return {status: 400, body: {errors: [{message: first.message,
      field: first.instancePath || null, help: JSON.stringify(first.params)}]}};
  }
  state.invalid.push({path: request.path, errors: ['no such operation']});
  return {status: 404, body: {errors: [{message: 'no such operation', field: null}]}};
}

function reply(res, answer) {
  const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
  res.writeHead(answer.status, {...answer.headers,
    ...text ? {'Content-Type': 'application/json'} : {}});
  res.end(text);
}

function control(req, res, body) {
  if (req.method === 'GET')
    return reply(res, {status: 200, body: state});
  const {faults, suppressed, forget} = JSON.parse(body);
  for (const name of forget ?? [])
    state[name].length = 0;
  state.faults.push(...faults ?? []);
  Object.assign(state.suppressed, suppressed ?? {});
  return reply(res, {status: 200, body: {}});
}

function fault(line) {
  const f = state.faults.find((one) => line.startsWith(one.match) && (one.times ?? 1) > 0);
  if (!f)
    return null;
  if (f.skip > 0) {
    f.skip--;
    return null;
  }
  f.times = (f.times ?? 1) - 1;
  return f;
}

function serve(req, res, text) {
  const url = new URL(req.url, 'http://x');
  if (url.pathname.startsWith('/_'))
    return control(req, res, text);
  const line = `${req.method} ${url.pathname}`;
  state.requests.push(line);
  const f = fault(line);
  if (f?.how === 'drop')
    return req.socket.destroy();
  if (f && typeof f.how === 'number')
    return reply(res, {status: f.how, headers: f.headers, body: f.body ?? {}});
  if (req.headers.authorization !== `Bearer ${process.env.DOUBLE_KEY || 'SG.geheim'}`)
    return reply(res, {status: 401, body: {errors: [{message: 'authorization required'}]}});
  const body = text ? JSON.parse(text) : undefined;
  const request = {method: req.method, path: url.pathname, headers: req.headers, body,
    query: Object.fromEntries(url.searchParams)};
  const wrong = invalid(request);
  if (wrong)
    return reply(res, wrong);
  let answer;
  try {
    answer = act(req.method, url.pathname.split('/').slice(1).map(decodeURIComponent),
      url.searchParams, body);
  } catch (e) {
    answer = {status: 400, body: {errors: [{message: e.message, field: e.field ?? null}]}};
  }
  if (f?.how === 'lose')
    return req.socket.destroy();
  if (f?.how === 'hang')
    return null;
  return reply(res, answer);
}

async function main() {
  for (const area of AREAS) {
    const backend = load(area);
    await backend.init();
    backends.push(backend);
  }
  const server = http.createServer((req, res) => {
    const parts = [];
    req.on('data', (d) => parts.push(d));
    req.on('end', () => serve(req, res, Buffer.concat(parts).toString()));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
}

main();

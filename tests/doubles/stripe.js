// Stripe, as far as Nova needs it: requests are validated by the vendor's own description
// (unknown parameters are refused), objects are made from the vendor's own examples (2026-08:
// the shapes since "basil"), and there is a small state: payments, refunds, disputes, payouts,
// balance transactions, events, idempotency keys. It can lose answers: it acts, then drops the
// connection. Prints its port; ends with its standard input.
//
// POST /_control {"faults":[{"match":"POST /v1/refunds","how":"lose"|"drop"|"hang"|STATUS,
//   "times":1,"headers":{},"body":{}}], "make":[...], "forget":["events"...]} and GET /_state.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');
const zlib = require('zlib');
const qs = require('qs');
const yaml = require('js-yaml');
const {OpenAPIBackend} = require('openapi-backend');

const DATA = path.join(__dirname, '../data/vendors/stripe');
const PATHS = ['balance', 'balance_transactions', 'charges', 'checkout/sessions', 'customers',
  'disputes', 'events', 'invoices', 'payment_intents', 'payment_links', 'payouts', 'prices', 'products',
  'refunds', 'subscriptions', 'webhook_endpoints'];

const gunzip = (name) => zlib.gunzipSync(fs.readFileSync(path.join(DATA, name)));

// Whatever has listed properties has no others.
function close(schema) {
  if (!schema || typeof schema !== 'object')
    return;
  if (schema.properties && schema.additionalProperties === undefined)
    schema.additionalProperties = false;
  for (const value of Object.values(schema))
    close(value);
}

// The description without answers; forms are validated as the objects they decode to. Parsing it
// takes seconds, so what is left is kept beside the npm packages.
function description() {
  const packed = fs.readFileSync(path.join(DATA, 'spec3.2023-08-16.yaml.gz'));
  const hash = crypto.createHash('sha256').update(packed).update(PATHS.join())
    .update(fs.readFileSync(__filename)).digest('hex').slice(0, 16);
  const kept = path.join(process.env.NODE_PATH.split(':')[0], '..', `stripe-${hash}.json`);
  if (fs.existsSync(kept))
    return JSON.parse(fs.readFileSync(kept));
  const spec = yaml.load(zlib.gunzipSync(packed).toString(), {schema: yaml.JSON_SCHEMA});
  const paths = {};
  for (const [name, methods] of Object.entries(spec.paths)) {
    if (!PATHS.some((p) => name === `/v1/${p}` || name.startsWith(`/v1/${p}/`)))
      continue;
    paths[name] = {};
    for (const [method, op] of Object.entries(methods)) {
      const form = op.requestBody?.content?.['application/x-www-form-urlencoded'];
      // Newer than this description, and in the examples of 2026-08.
      const posted = (path) => name === path && method === 'post';
      if (posted('/v1/payment_links'))
        for (const part of ['payment_intent_data', 'subscription_data'])
          form.schema.properties[part].properties.metadata ??=
            form.schema.properties.metadata;
      if (posted('/v1/webhook_endpoints'))
        form.schema.properties.enabled_events.items.enum.push('refund.failed',
          'invoice_payment.paid');
      close(form?.schema);
      paths[name][method] = {operationId: op.operationId, parameters: op.parameters,
        responses: {default: {description: 'any'}}};
      if (form && method !== 'get')
        paths[name][method].requestBody =
          {content: {'application/json': {schema: form.schema}}};
    }
  }
  const small = {openapi: '3.0.0', info: {title: 'Stripe', version: spec.info.version}, paths};
  fs.writeFileSync(`${kept}.${process.pid}`, JSON.stringify(small));
  fs.renameSync(`${kept}.${process.pid}`, kept);
  return small;
}

const fixtures = JSON.parse(gunzip('fixtures3.2026-08.json.gz')).resources;
const state = {tables: {}, keys: {}, acted: [], requests: [], faults: [], n: 0, invalid: []};
const clone = (v) => JSON.parse(JSON.stringify(v));
const now = () => Math.floor(Date.now() / 1000);

class Refusal extends Error {
  constructor(status, error, headers) {
    super(error.message);
    Object.assign(this, {status, error, headers});
  }
}
const refuse = (message, param, code) =>
  new Refusal(400, {type: 'invalid_request_error', message, param, code});

const KINDS = {payment_intents: ['pi', 'payment_intent'], customers: ['cus', 'customer'],
  products: ['prod', 'product'], prices: ['price', 'price'],
  payment_links: ['plink', 'payment_link'], 'checkout/sessions': ['cs', 'checkout.session'],
  subscriptions: ['sub', 'subscription'], refunds: ['re', 'refund'], charges: ['ch', 'charge'],
  disputes: ['dp', 'dispute'], payouts: ['po', 'payout'], events: ['evt', 'event'],
  balance_transactions: ['txn', 'balance_transaction'], invoices: ['in', 'invoice'],
  webhook_endpoints: ['we', 'webhook_endpoint']};

function table(kind) {
  return state.tables[kind] ??= [];
}

function make(kind, fields) {
  const [prefix, fixture] = KINDS[kind];
  const object = {...clone(fixtures[fixture]), metadata: {}, created: now(), ...fields,
    id: fields.id ?? `${prefix}_${String(++state.n).padStart(8, '0')}`};
  if (kind === 'balance_transactions')
    delete object.metadata;
  if (kind === 'payment_links')
    delete object.created;
  table(kind).push(object);
  return object;
}

function find(kind, id) {
  const object = table(kind).find((o) => o.id === id);
  if (!object)
    throw new Refusal(404, {type: 'invalid_request_error', code: 'resource_missing',
      message: `No such ${KINDS[kind][1]}: '${id}'`, param: 'id'});
  return object;
}

function happened(type, object, at) {
  make('events', {type, livemode: false, api_version: '2026-08-27.basil',
    created: at ?? object.created ?? now(), data: {object: clone(object)}});
}

function txn(fields) {
  return make('balance_transactions',
    {fee: 0, fee_details: [], net: fields.amount - (fields.fee ?? 0), ...fields});
}

// ---- money ----

// All is settled in dollars but yen: a euro is 1.1 of them.
const settled = (amount, currency) => currency === 'eur'
  ? {amount: Math.round(amount * 1.1), currency: 'usd'} : {amount, currency};

function charge(intent, at) {
  const fee = Math.round(intent.amount * 0.029) + 30;
  const captured = intent.capture_method !== 'manual';
  const ch = make('charges', {amount: intent.amount, currency: intent.currency, captured,
    amount_captured: captured ? intent.amount : 0, amount_refunded: 0, paid: true,
    status: 'succeeded', payment_intent: intent.id, metadata: clone(intent.metadata ?? {}),
    customer: intent.customer ?? null, created: at ?? now(), balance_transaction: null});
  delete ch.refunds;
  intent.latest_charge = ch.id;
  intent.status = captured ? 'succeeded' : 'requires_capture';
  if (!captured)
    return ch;
  settle(intent, ch, fee, at);
  return ch;
}

function settle(intent, ch, fee, at) {
  const amount = ch.amount_captured;
  intent.amount_received = amount;
  ch.balance_transaction = txn({type: 'charge', ...settled(amount, ch.currency), fee, source: ch.id, created: at ?? now()}).id;
  happened('charge.succeeded', ch, at);
  happened('payment_intent.succeeded', intent, at);
}

function confirm(intent, body) {
  const method = body.payment_method ?? intent.payment_method;
  if (method === 'pm_card_chargeDeclined') {
    intent.status = 'requires_payment_method';
    throw new Refusal(402, {type: 'card_error', code: 'card_declined',
      decline_code: 'insufficient_funds', message: 'Your card has insufficient funds.'});
  }
  if (!method)
    throw refuse('You cannot confirm this PaymentIntent because it is missing a payment method.',
      'payment_method', 'payment_intent_unexpected_state');
  intent.payment_method = method;
  charge(intent, body.at);
  return intent;
}

function refund(body, at) {
  const ch = body.charge ? find('charges', body.charge)
    : table('charges').find((c) => c.payment_intent === body.payment_intent);
  if (!ch)
    throw refuse('No such payment.', 'payment_intent', 'resource_missing');
  const amount = body.amount ?? ch.amount_captured - ch.amount_refunded;
  if (amount <= 0 || ch.amount_refunded + amount > ch.amount_captured)
    throw refuse(`Refund amount is greater than unrefunded amount on charge.`, 'amount',
      'charge_already_refunded');
  ch.amount_refunded += amount;
  ch.refunded = ch.amount_refunded === ch.amount_captured;
  const re = make('refunds', {amount, currency: ch.currency, charge: ch.id, status: 'succeeded',
    payment_intent: ch.payment_intent, metadata: body.metadata ?? {}, reason: body.reason ?? null,
    created: at ?? now()});
  re.balance_transaction = txn({type: 'refund', ...settled(-amount, ch.currency),
    source: re.id, created: at ?? now()}).id;
  happened('refund.created', re, at);
  happened('charge.refunded', ch, at);
  return re;
}

function dispute(body) {
  const ch = find('charges', body.charge);
  const dp = make('disputes', {amount: ch.amount_captured, currency: ch.currency, charge: ch.id,
    payment_intent: ch.payment_intent, status: 'needs_response', created: body.at ?? now(),
    balance_transactions: []});
  dp.balance_transactions = [txn({type: 'adjustment', reporting_category: 'dispute',
    ...settled(-dp.amount, ch.currency), fee: 1500, source: dp.id,
    created: body.at ?? now()})];
  happened('charge.dispute.created', dp, body.at);
  return dp;
}

// What a subscription brings: the charge knows nothing of the agent, the invoice nothing of
// the payment.
function renewal(body) {
  const intent = make('payment_intents', {amount: body.amount, currency: body.currency,
    created: body.at ?? now()});
  charge(intent, body.at);
  const invoice = make('invoices', {status: 'paid', amount_paid: body.amount,
    currency: body.currency, created: body.at ?? now(), parent: {type: 'subscription_details',
      subscription_details: {metadata: body.metadata, subscription: 'sub_1'}}});
  delete invoice.payments;
  happened('invoice.paid', invoice, body.at);
  invoice.payments = {object: 'list', data: [{id: 'inpay_1', object: 'invoice_payment',
    status: 'paid', amount_paid: body.amount, currency: body.currency,
    payment: {type: 'payment_intent', payment_intent: intent.id}}]};
  return intent;
}

function close_dispute(body) {
  const dp = find('disputes', body.dispute);
  dp.status = body.status;
  if (body.status === 'won')
    dp.balance_transactions.push(txn({type: 'adjustment',
      reporting_category: 'dispute_reversal', ...settled(dp.amount, dp.currency),
      source: dp.id, created: body.at ?? now()}));
  happened('charge.dispute.closed', dp, body.at);
  return dp;
}

function payout(body) {
  const po = make('payouts', {amount: body.amount, currency: body.currency, status: 'paid',
    created: body.at ?? now()});
  po.balance_transaction = txn({type: 'payout', amount: -body.amount, currency: body.currency,
    source: po.id, created: body.at ?? now()}).id;
  happened('payout.paid', po, body.at);
  return po;
}

// ---- verbs ----

function create(kind, body) {
  const {params, ...fields} = body;
  if (kind === 'refunds')
    return refund(body);
  if (kind === 'payment_intents') {
    const off = {...fields};
    delete off.confirm;
    const intent = make(kind, {...off, status: body.payment_method ? 'requires_confirmation'
      : 'requires_payment_method', amount_received: 0, latest_charge: null});
    return String(body.confirm) === 'true' ? confirm(intent, body) : intent;
  }
  if (kind === 'subscriptions')
    return make(kind, {...fields, status: 'active', items: {object: 'list',
      data: (body.items ?? []).map((item) => ({...clone(fixtures.subscription_item), ...item}))}});
  if (kind === 'checkout/sessions')
    return make(kind, {...fields, status: 'open', payment_status: 'unpaid',
      url: 'https://checkout.stripe.com/c/pay/x'});
  if (kind === 'payment_links')
    return make(kind, {...fields, active: true, url: 'https://buy.stripe.com/test_x'});
  if (kind === 'webhook_endpoints')
    return make(kind, {...fields, secret: 'whsec_of_the_double'});
  return make(kind, fields);
}

function act(kind, id, verb, body) {
  const object = find(kind, id);
  const must = (status) => {
    if (object.status !== status)
      throw refuse(`It is ${object.status}, not ${status}.`, undefined,
        'payment_intent_unexpected_state');
  };
  switch (`${kind} ${verb}`) {
  case 'payment_intents confirm':
    if (object.status === 'succeeded')
      must('requires_confirmation');
    return confirm(object, body);
  case 'payment_intents capture': {
    must('requires_capture');
    const ch = find('charges', object.latest_charge);
    ch.captured = true;
    ch.amount_captured = body.amount_to_capture ?? object.amount;
    ch.amount_refunded = object.amount - ch.amount_captured;
    object.status = 'succeeded';
    settle(object, ch, 30);
    return object;
  }
  case 'payment_intents cancel':
    if (object.status === 'succeeded' || object.status === 'canceled')
      must('requires_capture');
    object.status = 'canceled';
    return object;
  case 'checkout/sessions expire':
    must('open');
    object.status = 'expired';
    return object;
  case 'subscriptions resume':
    must('paused');
    object.status = 'active';
    return object;
  default:
    throw refuse(`Unrecognized request URL (${kind} ${verb}).`);
  }
}

function remove(kind, id) {
  const object = find(kind, id);
  if (kind === 'subscriptions') {
    object.status = 'canceled';
    return object;
  }
  table(kind).splice(table(kind).indexOf(object), 1);
  return {id, object: KINDS[kind][1], deleted: true};
}

function expand(object) {
  const out = clone(object);
  const prefix = typeof out.source === 'string' ? out.source.split('_')[0] : null;
  const kind = Object.keys(KINDS).find((k) => KINDS[k][0] === prefix);
  const source = kind && table(kind).find((o) => o.id === out.source);
  if (source)
    out.source = clone(source);
  return out;
}

function matches(object, query) {
  const created = query.created ?? {};
  const types = query.types ? Object.values(query.types) : null;
  return !(created.gte !== undefined && object.created < Number(created.gte)) &&
    !(created.gt !== undefined && object.created <= Number(created.gt)) &&
    !(created.lte !== undefined && object.created > Number(created.lte)) &&
    !(created.lt !== undefined && object.created >= Number(created.lt)) &&
    !(types && !types.includes(object.type)) &&
    !(query.type && object.type !== query.type) &&
    !(query.customer && object.customer !== query.customer) &&
    !(query.email && object.email !== query.email) &&
    !(query.charge && object.charge !== query.charge) &&
    !(query.payment_intent && object.payment_intent !== query.payment_intent) &&
    !(query.status && query.status !== 'all' && object.status !== query.status);
}

function list(kind, query) {
  const hidden = kind === 'subscriptions' && !query.status;
  // Newest first; of one second the later made.
  const all = table(kind).map((o, i) => [o, i]).filter(([o]) => matches(o, query) &&
    !(hidden && o.status === 'canceled')).sort(([a, i], [b, j]) =>
    (b.created ?? 0) - (a.created ?? 0) || j - i).map(([o]) => o);
  const limit = Number(query.limit ?? 10);
  let from = 0;
  if (query.starting_after) {
    from = all.findIndex((o) => o.id === query.starting_after) + 1;
    if (from === 0)
      throw refuse(`No such object: '${query.starting_after}'`, 'starting_after');
  }
  const data = all.slice(from, from + limit);
  return {object: 'list', url: `/v1/${kind}`, has_more: from + limit < all.length,
    data: query.expand ? data.map(expand) : data.map(clone)};
}

function balance() {
  const sums = {};
  for (const t of table('balance_transactions'))
    sums[t.currency] = (sums[t.currency] ?? 0) + t.net;
  const rows = Object.entries(sums).map(([currency, amount]) => ({amount, currency}));
  return {...clone(fixtures.balance), available: rows, pending: []};
}

// ---- requests ----

function perform(method, route, params, query, body) {
  const kind = PATHS.find((p) => route === `/v1/${p}` || route.startsWith(`/v1/${p}/`));
  const rest = route.slice(`/v1/${kind}`.length).split('/').filter(Boolean);
  const id = Object.values(params)[0];
  if (kind === 'balance')
    return balance();
  if (method === 'GET' && rest.length) {
    const object = clone(find(kind, id));
    if (kind === 'invoices' && !Object.values(query.expand ?? {}).includes('payments'))
      delete object.payments; // given to those who ask for them
    return object;
  }
  if (method === 'GET')
    return list(kind, query);
  state.acted.push(`${method} ${route}`);
  if (method === 'DELETE')
    return remove(kind, id);
  if (rest.length === 0)
    return create(kind, body);
  if (rest.length === 2)
    return act(kind, id, rest[1], body);
  const {metadata, ...fields} = body;
  const object = find(kind, id);
  Object.assign(object, fields);
  Object.assign(object.metadata ??= {}, metadata);
  return object;
}

function attempt(work) {
  try {
    return {status: 200, body: clone(work())};
  } catch (e) {
    if (!(e instanceof Refusal))
      throw e;
    return {status: e.status, body: {error: e.error}, headers: e.headers};
  }
}

// The first answer under a key is the answer for ever.
function once(request, work) {
  const key = request.headers['idempotency-key'];
  if (request.method !== 'POST' || !key)
    return attempt(work);
  const print = `${request.method} ${request.path} ${request.text}`;
  const kept = state.keys[key];
  if (kept && kept.print !== print)
    return {status: 400, body: {error: {type: 'idempotency_error', message:
      'Keys for idempotent requests can only be used with the same parameters they were first ' +
      'used with.'}}};
  if (kept)
    return {...kept.answer, headers: {'Idempotent-Replayed': 'true'}};
  const fault = take_fault(request, ['stored500']);
  const answer = fault ? {status: 500, body: {error: {type: 'api_error', message: 'Oops'}}}
    : attempt(work);
  if (fault && fault.acts)
    attempt(work);
  state.keys[key] = {print, answer};
  return answer;
}

function take_fault(request, hows) {
  const name = `${request.method} ${request.path}`;
  const fault = state.faults.find((f) => f.times > 0 && name.startsWith(f.match) &&
    (hows.includes(f.how) || (hows.includes('status') && typeof f.how === 'number')));
  if (fault)
    fault.times--;
  return fault;
}

function control(body) {
  for (const fault of body.faults ?? [])
    state.faults.push({times: 1, ...fault});
  const made = (body.make ?? []).map((m) => {
    const makers = {dispute, close_dispute, payout, refund: (b) => refund(b, b.at), txn,
      event: (b) => make('events', b), renewal, sale: (b) => {
        const intent = make('payment_intents', {amount: b.amount, currency: b.currency,
          metadata: b.metadata ?? {}, created: b.at ?? now()});
        charge(intent, b.at);
        return intent;
      }, put: (b) => Object.assign(find(b.kind, b.id), b.fields)};
    return clone(makers[m.what](m));
  });
  for (const kind of body.forget ?? [])
    state.tables[kind] = [];
  return made;
}

async function serve(api, req, res, text) {
  const [where, search] = req.url.split('?');
  const request = {method: req.method, path: where, headers: req.headers, text};
  const send = (status, body, headers) => {
    const bytes = Buffer.from(JSON.stringify(body));
    res.writeHead(status, {'Content-Type': 'application/json', 'Content-Length': bytes.length,
      'Request-Id': `req_${++state.n}`, ...headers});
    res.end(bytes);
  };
  if (where === '/_control')
    return send(200, control(JSON.parse(text)));
  if (where === '/_state')
    return send(200, {acted: state.acted, requests: state.requests, invalid: state.invalid,
      headers: state.headers, tables: state.tables, keys: Object.keys(state.keys)});
  state.requests.push(`${req.method} ${req.url}`);
  state.headers = req.headers;
  if (!/^Bearer (sk|rk)_(test|live)_/.test(req.headers.authorization ?? ''))
    return send(401, {error: {type: 'invalid_request_error',
      message: 'Invalid API Key provided: sk_****'}});
  if (!/^\d{4}-\d\d-\d\d/.test(req.headers['stripe-version'] ?? ''))
    return send(400, {error: {type: 'invalid_request_error', message: 'No Stripe-Version'}});
  const fault = take_fault(request, ['drop', 'hang', 'status']);
  if (fault?.how === 'drop')
    return req.socket.destroy();
  if (fault?.how === 'hang')
    return undefined;
  if (fault)
    return send(fault.how, fault.body ?? {error: {type: 'api_error', message: 'fault'}},
      fault.headers);
  const answer = await api.handleRequest({method: req.method, path: where,
    query: qs.parse(search, {depth: 10, arrayLimit: 200}),
    body: req.method === 'GET' ? undefined : qs.parse(text, {depth: 10, arrayLimit: 200}),
    headers: {...req.headers, 'content-type': 'application/json'}}, request);
  const lost = take_fault(request, ['lose']);
  if (lost)
    return req.socket.destroy();
  return send(answer.status, answer.body, answer.headers);
}

function backend(definition) {
  const api = new OpenAPIBackend({definition, quick: true, strict: false,
    ajvOpts: {coerceTypes: true, strict: false, allErrors: false, logger: false}});
  for (const methods of Object.values(definition.paths))
    for (const op of Object.values(methods))
      api.register(op.operationId, (c, request) => once(request, () => perform(
        request.method, request.path, c.request.params, c.request.query,
        c.request.requestBody ?? {})));
  api.register('validationFail', (c, request) => {
    const e = c.validation.errors[0];
    state.invalid.push(`${request.method} ${request.path} ${e.instancePath} ${e.message} ` +
      JSON.stringify(e.params));
    return {status: 400, body: {error: {type: 'invalid_request_error', code:
      'parameter_invalid', message: `${e.instancePath} ${e.message}`,
    param: e.params?.additionalProperty ?? e.instancePath}}};
  });
  api.register('notFound', (c, request) => ({status: 404, body: {error: {
    type: 'invalid_request_error',
    message: `Unrecognized request URL (${request.method}: ${request.path})`}}}));
  return api;
}

async function main() {
  const api = backend(description());
  await api.init();
  const server = http.createServer((req, res) => {
    const chunks = [];
    req.on('data', (chunk) => chunks.push(chunk));
    req.on('end', () => serve(api, req, res, Buffer.concat(chunks).toString()).catch((e) => {
      console.error(e);
      res.destroy();
    }));
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
  process.stdin.on('end', () => process.exit(0)).resume();
}

main();

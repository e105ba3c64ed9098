// Answers of the API against its description: node face_validate.js OPENAPI.json < RECORDS, one
// {"method","path","status","type","body"} a line. Prints what does not agree; exit 1 then.
'use strict';
const fs = require('fs');
const Ajv = require('ajv/dist/2020').default;
const formats = require('ajv-formats').default ?? require('ajv-formats');

const api = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const ajv = new Ajv({strict: false, allErrors: true, validateFormats: true});
formats(ajv);
ajv.addSchema(api, 'api');

const escape = (part) => part.replace(/~/g, '~0').replace(/\//g, '~1');
const pointer = (...parts) => 'api#/' + parts.map((p) => encodeURIComponent(escape(p))).join('/');
const follow = (o) => o.$ref ? o.$ref.slice(2).split('/').reduce((at, part) => at[part], api) : o;
const bad = [];

// A literal path comes before one with a parameter that would take it, too.
const paths = Object.keys(api.paths).sort((a, b) => a.split('{').length - b.split('{').length);
const pattern = (path) => new RegExp('^' + path.replace(/[.+]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+') + '$');
const find = (path) => paths.find((p) => pattern(p).test(path));

const ids = new Set();
for (const [path, item] of Object.entries(api.paths))
  for (const [method, op] of Object.entries(item)) {
    const where = `${method} ${path}`;
    if (!op.summary || !op['x-nova-role'] || ids.has(op.operationId))
      bad.push(`${where}: a summary, a role and an operationId of its own are needed`);
    ids.add(op.operationId);
    const named = (op.parameters ?? []).map(follow).filter((p) => p.in === 'path').map((p) => p.name).sort();
    const needed = [...path.matchAll(/\{([^}]+)\}/g)].map((m) => m[1]).sort();
    if (String(named) !== String(needed))
      bad.push(`${where}: parameters of the path are ${needed}, described are ${named}`);
  }

const validators = new Map();
function validator(ref) {
  if (!validators.has(ref))
    validators.set(ref, ajv.compile({$ref: ref}));
  return validators.get(ref);
}

function check(r, where) {
  const path = find(r.path.replace(/\?.*$/, ''));
  const op = api.paths[path]?.[r.method.toLowerCase()];
  if (!op)
    return `${where}: not described`;
  const status = op.responses[r.status] ? String(r.status) : 'default';
  const described = follow(op.responses[status] ?? {});
  if (status === 'default' && r.status < 400)
    return `${where}: this status is not described`;
  if (!described.content)
    return r.body ? `${where}: a body that is not described` : null;
  const type = Object.keys(described.content).find((t) => t === r.type);
  if (!type)
    return `${where}: type ${r.type}, described are ${Object.keys(described.content)}`;
  if (type !== 'application/json')
    return null;
  const shared = op.responses[status].$ref;
  const base = shared ? ['components', 'responses', shared.split('/').pop()] : ['paths', path, r.method.toLowerCase(), 'responses', status];
  const validate = validator(pointer(...base, 'content', type, 'schema'));
  return validate(r.body) ? null : `${where}: ${ajv.errorsText(validate.errors.slice(0, 5))}`;
}

let n = 0;
for (const line of fs.readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const r = JSON.parse(line);
  const wrong = check(r, `${r.method} ${r.path} ${r.status}`);
  n++;
  if (wrong)
    bad.push(wrong);
}
console.log(bad.length ? bad.slice(0, 60).join('\n') : `${n} answers agree`);
process.exit(bad.length ? 1 : 0);

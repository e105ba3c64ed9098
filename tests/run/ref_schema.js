// Configurations against the schemas: node ref_schema.js FLEET.json WORKER.json < RECORDS, one
// {"file","of","text"} a line. Prints {"file","valid","error"} for each. of "part": a part of
// either, in which nothing is required.
'use strict';
const fs = require('fs');
const Ajv = require('ajv').default ?? require('ajv');
const yaml = require('js-yaml');

const ajv = new Ajv({strict: true, strictTypes: false, allErrors: false});
const of = {};
const parts = [];
for (const [i, name] of ['fleet', 'worker'].entries()) {
  const schema = JSON.parse(fs.readFileSync(process.argv[2 + i], 'utf8'));
  of[name] = ajv.compile(schema);
  parts.push(ajv.compile({...schema, required: []}));
}
of.part = (data) => {
  const [fleet, worker] = parts;
  const valid = fleet(data) || worker(data);
  of.part.errors = data && data.worker ? worker.errors : fleet.errors;
  return valid;
};

for (const line of fs.readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const record = JSON.parse(line);
  let answer;
  try {
    const check = of[record.of];
    const documents = yaml.loadAll(record.text, {schema: yaml.CORE_SCHEMA});
    if (documents.length > 1) throw new yaml.YAMLException('more than one document');
    const valid = check(documents[0] ?? null); // an empty file has none
    answer = {valid, error: valid ? '' : ajv.errorsText(check.errors)};
  } catch (e) {
    if (!(e instanceof yaml.YAMLException)) throw e;
    answer = {valid: false, error: 'YAML: ' + e.message.split('\n')[0]};
  }
  console.log(JSON.stringify({file: record.file, ...answer}));
}

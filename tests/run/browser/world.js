// What the steps in the browser share.
'use strict';
const url = process.env.FACE_URL;
const DEADLINE_MS = Number(process.env.NOVA_TEST_DEADLINE_S || 60) * 1000;

function expect(right, what) {
  if (!right)
    throw new Error(typeof what === 'function' ? what() : what);
}

async function poll(right, what) {
  for (const end = Date.now() + DEADLINE_MS; Date.now() < end; await new Promise((r) => setTimeout(r, 50)))
    if (await right())
      return;
  throw new Error(await what());
}

// Every page and view there is.
function pages(decision) {
  return ['/', '/fleet', '/workers/hostile', '/workers/hostile?view=log', '/workers/hostile?view=crashes',
    '/workers/hostile?view=events', '/decisions', `/decisions/${decision}`, '/decisions?view=simulate',
    '/decisions?view=calibration', '/money', '/money?view=cashflow', '/money?view=forecast', '/money?view=cohorts',
    '/money?view=reinvest', '/money?view=exports', '/ledger', '/ledger?view=events', '/ledger?view=quarantine',
    '/ledger?view=streams', '/ledger?view=webhooks', '/settings', '/settings?view=platforms', '/settings?view=gateway',
    '/settings?view=prices', '/settings?view=access', '/nowhere'];
}

module.exports = {url, expect, poll, pages};

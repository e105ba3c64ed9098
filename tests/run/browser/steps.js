// What a person does in the dashboard, step by step: face_browser names a step on our standard
// input with its arguments, as a line of JSON, and gets a line back: {"ok"} or {"error"}. One
// browser, one page that lives through all steps; what must never happen is watched all the time.
'use strict';
const fs = require('fs');
const readline = require('readline');
const {chromium} = require('playwright-core');
const {url, expect, pages, poll} = require('./world.js');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];
const AXE = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const wrong = []; // complaints of the browser, requests to others, refused content
let browser;
let page;
let excused = /(?!)/; // complaints that a step expects

function watch(context) {
  context.setDefaultTimeout(Number(process.env.NOVA_TEST_DEADLINE_S || 60) * 1000);
  context.on('request', (r) => {
    if (!r.url().startsWith(url) && !r.url().startsWith('data:'))
      wrong.push(`request to ${r.url()}`);
  });
  context.on('console', (m) => {
    if (['error', 'warning'].includes(m.type()) && !excused.test(m.text()))
      wrong.push(`console: ${m.text()} ${m.location().url}`);
  });
  context.on('response', async (r) => {
    if (r.status() >= 500 && !excused.test('net::'))
      wrong.push(`${r.status()}: ${await r.text().catch(String)}`);
  });
  context.on('weberror', (e) => wrong.push(`error: ${e.error().stack}`));
  // What the policy for content refuses is said to the page, too.
  return context.addInitScript(() => {
    window.refused = [];
    addEventListener('securitypolicyviolation', (e) => window.refused.push(`${e.violatedDirective} ${e.blockedURI}`));
  });
}

async function logIn(p, token) {
  await p.getByLabel('Token').fill(token);
  await p.getByRole('button', {name: 'Log in'}).click();
}

// As a link inside of the dashboard does it; what was shown before is gone when it returns.
const go = (p, path) => p.evaluate(async (to) => {
  history.pushState(null, '', to);
  dispatchEvent(new PopStateEvent('popstate'));
  for (let i = 0; i < 2; i++)
    await new Promise((drawn) => requestAnimationFrame(drawn));
}, path);

// Nothing is being loaded any more.
const settled = (p) => p.waitForFunction(() => document.querySelector('main h1, main .empty') && !document.querySelector('.bone'));

// The text of hostile programs is text: no script of theirs has run, nothing was refused either.
async function clean(p, where) {
  const found = await p.evaluate(() => ({hacked: window.hacked, refused: window.refused}));
  expect(found.hacked === undefined, `${where}: the script ${found.hacked} of a worker has run`);
  expect(found.refused.length === 0, `${where}: refused: ${found.refused.join(', ')}`);
}

async function axe(p, where, rules) {
  if (!await p.evaluate(() => 'axe' in window))
    await p.evaluate(AXE);
  const found = await p.evaluate((only) => window.axe.run(document, {resultTypes: ['violations'],
    runOnly: only ? {type: 'rule', values: only} : {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}}), rules);
  const grave = found.violations.filter((v) => ['serious', 'critical'].includes(v.impact));
  expect(grave.length === 0, () => `${where}: ${grave.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.failureSummary}`).join(' | ')}`).join('\n')}`);
}

const sideways = (p) => p.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function answer(card, yes, reason) {
  await card.getByRole('button', {name: yes ? 'Approve…' : 'Deny…'}).click();
  const dialog = page.getByRole('dialog');
  if (reason)
    await dialog.getByLabel(/Reason/).fill(reason);
  await dialog.getByRole('button', {name: yes ? 'Approve' : 'Deny', exact: true}).click();
  await dialog.waitFor({state: 'detached'});
}

const steps = {
  async start() {
    browser = await chromium.launch({executablePath: process.env.CHROMIUM || '/usr/bin/chromium', headless: true, args: FLAGS});
    const context = await browser.newContext({viewport: {width: 1440, height: 900}, colorScheme: 'light'});
    await watch(context);
    page = await context.newPage();
  },

  async log_in_wrong({token}) {
    excused = /status of 401/;
    await page.goto(url);
    await logIn(page, token);
    await page.getByRole('alert').filter({hasText: 'not known'}).waitFor();
    expect(await page.getByRole('navigation').count() === 0, 'nothing is shown to who is not logged in');
  },

  async log_in({token}) {
    await logIn(page, token);
    await page.locator('.live-badge[data-state=live]').waitFor();
    excused = /(?!)/;
    await page.evaluate(() => { window.stayed = true; });
  },

  // The page is not loaded anew between these two.
  async watch_events() {
    await go(page, '/ledger?view=events');
    await settled(page);
  },
  async see_event({amount, above}) {
    await page.getByRole('row').filter({hasText: amount}).first().waitFor();
    // The strip's profit has it, too.
    await page.waitForFunction((least) => Number(document.querySelector('.strip .num').textContent.replace(/[^\d.]/g, '')) > least, above);
    expect(await page.evaluate(() => window.stayed), 'the page was loaded anew');
  },

  async approve({worker}) {
    await go(page, '/');
    await answer(page.locator('.approval').filter({hasText: worker}), true);
    await page.locator('#approvals').getByText(/approved/i).waitFor();
  },

  async deny({worker, id, reason}) {
    await go(page, `/decisions/${id}`);
    await page.locator('h1').getByText(worker).waitFor();
    await answer(page.locator('.page-tools'), false, reason);
    await page.locator('main').getByText(reason, {exact: true}).first().waitFor();
    await clean(page, 'a denied decision');
  },

  async press({worker, button, state}) {
    await go(page, `/workers/${worker}`);
    await page.locator('.actions').getByRole('button', {name: button, exact: true}).click();
    await page.locator('h1 .state').getByText(state, {exact: true}).waitFor();
  },

  async scale({worker, instances}) {
    await go(page, `/workers/${worker}`);
    await page.getByRole('button', {name: 'Scale…'}).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Instances').fill(String(instances));
    await dialog.getByRole('button', {name: 'Scale', exact: true}).click();
    await dialog.waitFor({state: 'detached'});
    await page.locator('.actions').getByRole('status').waitFor();
  },

  async kill({worker, reason}) {
    await go(page, `/workers/${worker}`);
    await page.getByRole('button', {name: 'Kill…'}).click();
    const dialog = page.getByRole('dialog');
    const yes = dialog.getByRole('button', {name: 'Kill', exact: true});
    await dialog.getByLabel(/Reason/).fill(reason);
    expect(await yes.isDisabled(), 'who has not typed the name can kill');
    await dialog.getByLabel(/Type/).fill(worker);
    await yes.click();
    await dialog.waitFor({state: 'detached'});
    await page.locator('h1 .state').getByText('killed').waitFor();
  },

  async verify() {
    await go(page, '/ledger');
    await page.getByRole('button', {name: 'Verify now'}).click();
    await page.getByText(/Every hash and every figure of [\d,]+ events is right/).waitFor();
  },

  async readonly({token, worker}) {
    const context = await browser.newContext({viewport: {width: 1440, height: 900}});
    await watch(context);
    excused = /status of 401/;
    const other = await context.newPage();
    await other.goto(`${url}/workers/${worker}`);
    await logIn(other, token);
    const pause = other.locator('.actions').getByRole('button', {name: 'Pause', exact: true});
    await pause.waitFor();
    excused = /(?!)/;
    for (const button of await other.locator('.actions button').all())
      expect(await button.isDisabled(), `${await button.textContent()} can be pressed by who may only look`);
    expect(/operator/.test(await pause.getAttribute('title')), 'a button that is off does not say why');
    await context.close();
  },

  // Every page: in both themes and on a phone.
  async visit({decision}) {
    for (const path of pages(decision)) {
      await go(page, path);
      await settled(page);
      await page.setViewportSize({width: 390, height: 844});
      await poll(async () => await sideways(page) <= 0, async () => `${path}: ${await sideways(page)} px can be scrolled sideways on a phone`);
      await page.setViewportSize({width: 1440, height: 900});
      await axe(page, `${path}, light`);
      await page.emulateMedia({colorScheme: 'dark'});
      await page.locator('html[data-theme=dark]').waitFor();
      await axe(page, `${path}, dark`, ['color-contrast']);
      await page.emulateMedia({colorScheme: 'light'});
      await page.locator('html[data-theme=light]').waitFor();
      await clean(page, path);
    }
  },

  async hostile({worker, texts}) {
    for (const [view, text] of texts) {
      await go(page, view);
      await page.locator('main').getByText(text).first().waitFor();
      await clean(page, view);
    }
    await go(page, `/workers/${worker}`);
  },

  // Without a mouse: to the fleet, to a worker by its name, and to a button.
  async keyboard({worker}) {
    const keys = async (...list) => {
      for (const key of list)
        await page.keyboard.press(key);
    };
    await go(page, '/');
    await settled(page);
    await page.locator('main').focus();
    await keys('g', 'f');
    await page.getByRole('treegrid').waitFor();
    await keys('/');
    await page.keyboard.type(worker);
    await keys('Tab');
    for (let i = 0; i < 30 && !await page.evaluate(() => document.activeElement?.getAttribute('role') === 'treegrid'); i++)
      await keys('Tab');
    await keys('ArrowDown', 'Enter');
    const pause = page.locator('.actions').getByRole('button', {name: 'Pause', exact: true});
    await pause.waitFor();
    for (let i = 0; i < 40 && !await pause.evaluate((b) => b === document.activeElement); i++)
      await keys('Tab');
    await keys('Enter');
    await page.locator('h1 .state').getByText('paused').waitFor();
  },

  // The gateway is killed between these two; the page is not loaded anew.
  async expect_loss() {
    excused = /Failed to load resource|ERR_|net::/;
    await go(page, '/');
    await settled(page);
    await page.evaluate(() => {
      window.states = [];
      const badge = document.querySelector('.live-badge');
      new MutationObserver(() => window.states.push(badge.dataset.state)).observe(badge, {attributes: true});
    });
  },
  async recovers() {
    await page.waitForFunction(() => window.states.some((s) => s === 'offline' || s === 'stale' || s === 'polling')
      && document.querySelector('.live-badge').dataset.state === 'live');
    expect(await page.evaluate(() => window.stayed), 'the page was loaded anew');
    excused = /(?!)/;
  },

  async log_out() {
    excused = /status of 401/;
    await page.getByRole('button', {name: 'Log out'}).click();
    await page.getByLabel('Token').waitFor();
    const status = await page.evaluate(async () => (await fetch('/api/v1/workers')).status);
    expect(status === 401, `after logging out the API answers ${status}`);
    await page.reload();
    await page.getByLabel('Token').waitFor();
    excused = /(?!)/;
  },

  async end() {
    await clean(page, 'at the end');
    expect(wrong.length === 0, () => wrong.join('\n'));
    await browser.close();
  },
};

async function step({step: name, ...given}) {
  try {
    await steps[name](given);
    return {ok: true};
  } catch (e) {
    const at = page ? `\nat ${page.url()}: ${(await page.locator('body').innerText().catch(() => '')).slice(0, 2000)}` : '';
    return {error: `${e.stack}${at}\n${wrong.join('\n')}`};
  }
}

(async () => {
  for await (const line of readline.createInterface({input: process.stdin}))
    console.log(JSON.stringify(await step(JSON.parse(line))));
  await browser?.close();
})();

// The double's money: one year of hours in whole 10^-9 units. Every report sums the same hours, so
// that a page on which two sums differ shows a mistake of the page.
'use strict';
const {amount, iso, random} = require('./face_fleet.js');

const HOUR = 36e5;
const DAY = 24 * HOUR;
const FIELDS = ['revenue', 'cost', 'refunds', 'disputes', 'fees'];
const CENT = 10_000_000n;

const none = () => Object.fromEntries(FIELDS.map((f) => [f, 0n]));
const kept = new Map();

// What the fleet earned and spent in the hour that begins at `at`, for scale 1.
function hour(at) {
  const i = Math.floor(at / HOUR);
  if (!kept.has(i)) {
    const rand = random(i);
    const revenue = BigInt(Math.round(120 + 50 * Math.sin(i / 118) + 70 * rand())) * CENT;
    kept.set(i, {revenue, cost: BigInt(Math.round(40 + 45 * rand())) * CENT, refunds: revenue * 31n / 1000n,
      disputes: rand() < 0.02 ? revenue / 2n : 0n, fees: revenue * 29n / 1000n});
  }
  return kept.get(i);
}

function plus(a, b) {
  return Object.fromEntries(FIELDS.map((f) => [f, a[f] + b[f]]));
}

// The hours from `from` that have begun before `to`, for a fleet of `scale` (a whole number; `of`: a
// part of it).
function between(from, to, scale, of = 1) {
  let sum = none();
  for (let at = from; at < to; at += HOUR)
    sum = plus(sum, hour(at));
  return Object.fromEntries(FIELDS.map((f) => [f, sum[f] * BigInt(scale) / BigInt(of)]));
}

// Split by weights; the last one gets what is left, so that the parts are the whole.
function split(sum, weights) {
  const whole = BigInt(weights.reduce((a, b) => a + b, 0));
  let left = sum;
  return weights.map((w, i) => {
    const part = i === weights.length - 1 ? left
      : Object.fromEntries(FIELDS.map((f) => [f, sum[f] * BigInt(w) / whole]));
    left = Object.fromEntries(FIELDS.map((f) => [f, left[f] - part[f]]));
    return part;
  });
}

// As reports have it.
function shown(sum) {
  const net = sum.revenue - sum.refunds - sum.disputes - sum.fees;
  const profit = net - sum.cost;
  return {revenue: amount(sum.revenue), refunds: amount(sum.refunds), disputes: amount(sum.disputes), fees: amount(sum.fees),
    net_revenue: amount(net), cost: amount(sum.cost), profit: amount(profit),
    roi_percent: sum.cost ? Number(profit * 1000n / sum.cost) / 10 : null};
}

function midnight() {
  return Math.floor(Date.now() / DAY) * DAY;
}

// The window that a question names: whole days up to now.
function period(query, fallback) {
  const name = query.get('period') ?? fallback;
  const days = {today: 1, week: 7, '7d': 7, month: 30, '30d': 30, '90d': 90, year: 365, '365d': 365, all: 365}[name] ?? 30;
  const from = midnight() - (days - 1) * DAY;
  const to = Date.now();
  return {from, to, days, period: {from: iso(from), to: iso(to), name}};
}

module.exports = {between, midnight, period, shown, split, plus, none, DAY, HOUR};

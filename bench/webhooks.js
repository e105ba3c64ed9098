// What Nova's gateway is measured against: a Node server as Stripe's documentation has it, the
// official SDK for the signature, SQLite (WAL, synchronous=FULL) for what must not be lost.
// Event and sale are one transaction, committed before the 200.
'use strict';
const http = require('http');
const Database = require('better-sqlite3');
const stripe = new (require('stripe'))('sk_test_nobody');

const [, , file, secret] = process.argv;
const db = new Database(file);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
db.exec(`CREATE TABLE event (id TEXT PRIMARY KEY, type TEXT, body BLOB);
         CREATE TABLE sale (id TEXT PRIMARY KEY, agent TEXT, amount INTEGER, currency TEXT)`);
const putEvent = db.prepare('INSERT OR IGNORE INTO event VALUES (?, ?, ?)');
const putSale = db.prepare('INSERT OR IGNORE INTO sale VALUES (?, ?, ?, ?)');
const book = db.transaction((event, body) => {
  const o = event.data.object;
  if (putEvent.run(event.id, event.type, body).changes && event.type === 'charge.succeeded')
    putSale.run(o.id, o.metadata.agent_id, o.amount, o.currency);
});

http.createServer((req, res) => {
  const pieces = [];
  req.on('data', (piece) => pieces.push(piece));
  req.on('end', () => {
    const body = Buffer.concat(pieces);
    let status = 200;
    try {
      book(stripe.webhooks.constructEvent(body, req.headers['stripe-signature'], secret), body);
    } catch (e) {
      status = 400;
    }
    res.writeHead(status, { 'content-type': 'application/json', 'content-length': 17 });
    res.end('{"received":true}');
  });
}).listen(0, '127.0.0.1', function () {
  console.log(this.address().port);
});

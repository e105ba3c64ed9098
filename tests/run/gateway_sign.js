// What vendors' own packages put on a webhook, or think of one. One JSON request a line on
// standard input, one JSON answer a line back.
'use strict';
const readline = require('readline');
const stripe = new (require('stripe'))('sk_test_nobody');
const { EventWebhook } = require('@sendgrid/eventwebhook');

const verbs = {
  stripe: ({ payload, secret, timestamp }) =>
    stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp }),
  sendgrid: ({ key, payload, signature, timestamp }) => {
    const hook = new EventWebhook();
    return hook.verifySignature(hook.convertPublicKeyToECDSA(key), payload, signature, timestamp);
  },
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line);
  console.log(JSON.stringify(verbs[request.verb](request)));
});

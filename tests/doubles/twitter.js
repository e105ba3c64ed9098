'use strict';
// A double of X's API v2: checks every request by X's own description (2.159) and every
// signature with npm oauth-1.0a, keeps posts, and can lose answers, refuse, throttle, have
// another clock, or speak the newer description. Its own answers are checked as well.
//
// node twitter.js -> prints its port. POST /_double {..} sets what comes, GET /_double says
// what it was asked, what it keeps, and what was wrong.
const fs = require('fs');
const http = require('http');
const path = require('path');
const zlib = require('zlib');
const crypto = require('crypto');
const { OpenAPIBackend } = require('openapi-backend');
const OAuth = require('oauth-1.0a');

const ME = '1111';
const KEYS = { consumer: { key: 'app-key', secret: 'app-secret' },
	token: { key: ME + '-token', secret: 'token-secret' }, bearer: 'bearer-token' };
const spec = JSON.parse(zlib.gunzipSync(fs.readFileSync(path.join(__dirname,
	'../data/vendors/x/openapi.2.159.json.gz'))));
const USED = ['/2/tweets', '/2/tweets/{id}', '/2/tweets/search/recent', '/2/users/me',
	'/2/users/{id}', '/2/users/{id}/tweets', '/2/users/{id}/mentions', '/2/users/{id}/likes',
	'/2/users/{id}/likes/{tweet_id}', '/2/users/{id}/retweets',
	'/2/users/{id}/retweets/{source_tweet_id}', '/2/users/by/username/{username}'];
spec.paths = Object.fromEntries(USED.map((p) => [p, spec.paths[p]]));
// In the description of July 2026 (2.167), and in X's prose before.
Object.assign(spec.components.schemas.TweetCreateRequest.properties,
	{ made_with_ai: { type: 'boolean' }, paid_partnership: { type: 'boolean' } });

const state = { posts: [], asked: [], wrong: [], nonces: {}, serial: 1000, newer: false,
	clock_s: 0, plans: [], credits: true, page: 100 };
const waiting = []; // answers that are sent when the test says go

class Say extends Error {
	constructor(status, body, headers) {
		super(String(status));
		Object.assign(this, { status, body, headers });
	}
}

function problem(status, title, detail, type) {
	return new Say(status, { title, detail, type: type || 'about:blank', status });
}

// ---- keys ----

const oauth = new OAuth({ consumer: KEYS.consumer, signature_method: 'HMAC-SHA1',
	hash_function: (base, key) => crypto.createHmac('sha1', key).update(base).digest('base64') });

function checkSignature(req, header) {
	const given = {};
	for (const m of header.slice(6).matchAll(/([a-z_]+)="([^"]*)"/g))
		given[m[1]] = decodeURIComponent(m[2]);
	const skew = Math.abs(Number(given.oauth_timestamp) - Date.now() / 1000 - state.clock_s);
	if (skew > 300)
		throw problem(401, 'Unauthorized', 'Timestamp out of bounds.');
	if (state.nonces[given.oauth_nonce])
		state.wrong.push('a nonce came twice');
	state.nonces[given.oauth_nonce] = true;
	const { oauth_signature: signature, ...data } = given;
	const want = oauth.getSignature({ url: `http://${req.headers.host}${req.url}`,
		method: req.method, data: {} }, KEYS.token.secret, data);
	if (given.oauth_consumer_key !== KEYS.consumer.key ||
		given.oauth_token !== KEYS.token.key || signature !== want) {
		state.wrong.push('a signature that is not right: ' + req.method + ' ' + req.url);
		throw problem(401, 'Unauthorized', 'Unauthorized');
	}
}

function authorize(req, operation) {
	const header = req.headers.authorization || '';
	const kinds = (operation.security || []).flatMap((s) => Object.keys(s));
	const private_ = /non_public_metrics|organic_metrics/.test(req.url);
	if (header.startsWith('OAuth ')) {
		checkSignature(req, header);
		return 'user';
	}
	if (header !== 'Bearer ' + KEYS.bearer)
		throw problem(401, 'Unauthorized', 'Unauthorized');
	if (!kinds.includes('BearerToken') || private_)
		throw problem(403, 'Unsupported Authentication', 'Authenticating with OAuth 2.0 ' +
			'Application-Only is forbidden for this endpoint.',
		'https://api.twitter.com/2/problems/unsupported-authentication');
	return 'app';
}

// ---- what it keeps ----

const shown = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
	.replace(/https?:\/\/[^\s]+/g, () => 'https://t.co/' + crypto.randomBytes(5).toString('hex'))
	.trim();

function addPost(body, author) {
	const id = String(1900000000000000000n + BigInt(++state.serial));
	const post = { id, text: shown(body.text), raw: body.text, author_id: author || ME,
		created_at: new Date(Date.now() + state.clock_s * 1000).toISOString(),
		flags: { made_with_ai: body.made_with_ai, paid_partnership: body.paid_partnership },
		parent: body.reply && body.reply.in_reply_to_tweet_id };
	state.posts.unshift(post);
	return post;
}

function view(post, fields) {
	const refs = state.newer ? 'referenced_posts' : 'referenced_tweets';
	const all = { author_id: post.author_id, created_at: post.created_at, conversation_id: post.id,
		lang: 'en', public_metrics: { retweet_count: 1, reply_count: 2, like_count: 3,
			quote_count: 0, impression_count: 40, bookmark_count: 0 },
		non_public_metrics: { impression_count: 40 }, organic_metrics: { impression_count: 40,
			like_count: 3, reply_count: 2, retweet_count: 1 } };
	if (post.parent)
		all[refs] = [{ type: 'replied_to', id: post.parent }];
	const item = { id: post.id, text: post.text };
	item[state.newer ? 'edit_history_post_ids' : 'edit_history_tweet_ids'] = [post.id];
	for (const name of fields)
		if (all[name] !== undefined)
			item[name] = all[name];
	return item;
}

function fieldsOf(q) {
	if (state.newer && q['tweet.fields'])
		throw new Say(400, { errors: [{ parameters: { 'tweet.fields': [q['tweet.fields']] },
			message: 'The query parameter [tweet.fields] is not one of [id,max_results,post.fields]' }],
		title: 'Invalid Request', detail: 'One or more parameters to your request was invalid.',
		type: 'https://api.twitter.com/2/problems/invalid-request' });
	const list = q[state.newer ? 'post.fields' : 'tweet.fields'] || [];
	return Array.isArray(list) ? list : String(list).split(',');
}

function page(posts, q) {
	let list = posts;
	if (q.since_id)
		list = list.filter((p) => BigInt(p.id) > BigInt(q.since_id));
	if (q.start_time)
		list = list.filter((p) => p.created_at >= new Date(q.start_time).toISOString());
	const from = Number((q.next_token || q.pagination_token || 't0').slice(1));
	const n = Math.min(Number(q.max_results || 10), state.page);
	const cut = list.slice(from, from + n);
	const meta = { result_count: cut.length };
	if (cut.length) {
		meta.newest_id = cut[0].id;
		meta.oldest_id = cut[cut.length - 1].id;
	}
	if (from + n < list.length)
		meta.next_token = 't' + (from + n);
	const fields = fieldsOf(q);
	return cut.length ? { data: cut.map((p) => view(p, fields)), meta } : { meta };
}

const USER = { id: ME, name: 'Nova', username: 'nova', created_at: '2020-01-01T00:00:00.000Z',
	description: '', protected: false, verified: false,
	public_metrics: { followers_count: 1, following_count: 2, tweet_count: 3, listed_count: 0 } };

function need(id) {
	const post = state.posts.find((p) => p.id === id);
	if (!post)
		throw problem(404, 'Not Found Error', `Could not find tweet with id: [${id}].`,
			'https://api.twitter.com/2/problems/resource-not-found');
	return post;
}

const acts = {
	'POST /2/tweets'(c) {
		const body = c.request.requestBody;
		if (state.posts.some((p) => p.raw === body.text && p.parent ===
			(body.reply && body.reply.in_reply_to_tweet_id)))
			throw problem(403, 'Forbidden',
				'You are not allowed to create a Tweet with duplicate content.');
		const parent = body.reply && body.reply.in_reply_to_tweet_id;
		if (parent && need(parent).author_id !== ME)
			throw problem(403, 'Forbidden', 'Reply to this conversation is not allowed because ' +
				'you have not been mentioned or otherwise engaged by the author of the post you ' +
				'are replying to.');
		const post = addPost(body);
		return [201, { data: { id: post.id, text: post.text } }];
	},
	'DELETE /2/tweets/{id}'(c) {
		need(c.request.params.id);
		state.posts = state.posts.filter((p) => p.id !== c.request.params.id);
		return [200, { data: { deleted: true } }];
	},
	'GET /2/tweets/search/recent': (c) => [200, page(state.posts.filter((p) =>
		p.raw.includes(c.request.query.query)), c.request.query)],
	'GET /2/users/{id}/mentions': (c) => [200, page(state.posts.filter((p) =>
		p.raw.includes('@nova')), c.request.query)],
	'GET /2/users/{id}/tweets': (c) => [200, page(state.posts.filter((p) =>
		p.author_id === c.request.params.id), c.request.query)],
	'GET /2/tweets'(c) {
		const ids = [].concat(c.request.query.ids).join(',').split(',');
		const fields = fieldsOf(c.request.query);
		const found = ids.map((id) => state.posts.find((p) => p.id === id));
		const answer = {};
		if (found.some((p) => p))
			answer.data = found.filter((p) => p).map((p) => view(p, fields));
		if (found.some((p) => !p))
			answer.errors = ids.filter((id, i) => !found[i]).map((id) => ({ value: id,
				detail: `Could not find tweet with ids: [${id}].`, title: 'Not Found Error',
				resource_type: 'tweet', parameter: 'ids', resource_id: id,
				type: 'https://api.twitter.com/2/problems/resource-not-found' }));
		return [200, answer];
	},
	'GET /2/users/me': () => [200, { data: USER }],
	'GET /2/users/{id}': (c) => [200, { data: { ...USER, id: c.request.params.id } }],
	'GET /2/users/by/username/{username}'(c) {
		const name = c.request.params.username;
		if (name === 'nobody')
			return [200, { errors: [{ value: name, detail: `Could not find user with username: [${name}].`,
				title: 'Not Found Error', resource_type: 'user', parameter: 'username',
				resource_id: name, type: 'https://api.twitter.com/2/problems/resource-not-found' }] }];
		return [200, { data: { ...USER, id: '2222', username: name } }];
	},
	'POST /2/users/{id}/likes': (c) => [200, { data: { liked: Boolean(need(c.request.requestBody.tweet_id)) } }],
	'DELETE /2/users/{id}/likes/{tweet_id}': () => [200, { data: { liked: false } }],
	'POST /2/users/{id}/retweets': (c) => [200, { data: { retweeted: Boolean(need(c.request.requestBody.tweet_id)) } }],
	'DELETE /2/users/{id}/retweets/{source_tweet_id}': () => [200, { data: { retweeted: false } }],
};

// ---- the server ----

const api = new OpenAPIBackend({ definition: spec, quick: true, validate: true,
	ajvOpts: { strict: false, validateFormats: false } });

// The first plan that fits this request; used up by it.
function planFor(name) {
	const i = state.plans.findIndex((p) => p.on === name);
	if (i < 0)
		return null;
	const plan = state.plans[i];
	if (plan.after > 0) {
		plan.after--;
		return null;
	}
	return state.plans.splice(i, 1)[0];
}

function check(name, operation, request) {
	// The double of the newer description knows the older one only.
	if (state.newer)
		return;
	const result = api.validateRequest(request, operation);
	if (!result.valid) {
		state.wrong.push(name + ': ' + JSON.stringify(result.errors).slice(0, 500));
		throw new Say(400, { title: 'Invalid Request', detail: JSON.stringify(result.errors),
			type: 'https://api.twitter.com/2/problems/invalid-request' });
	}
}

function serve(req, res, text) {
	const [pathname, query] = req.url.split('?');
	const request = { method: req.method, path: pathname, query: query || '',
		headers: req.headers, body: text };
	const operation = api.router.matchOperation(api.router.parseRequest(request));
	const send = (status, body, headers) => {
		res.writeHead(status, { 'content-type': 'application/json',
			date: new Date(Date.now() + state.clock_s * 1000).toUTCString(), ...headers });
		res.end(JSON.stringify(body));
	};
	if (!operation)
		return send(404, { title: 'Not Found' });
	const name = operation.method.toUpperCase() + ' ' + operation.path;
	const plan = planFor(name);
	const note = { name, url: req.url, as: null, body: text };
	state.asked.push(note);
	if (plan && plan.do === 'drop')
		return req.socket.destroy();
	if (plan && plan.do === 'hold') // neither acts nor answers
		return undefined;
	if (plan && plan.status)
		return send(plan.status, plan.body || {}, plan.headers);
	try {
		note.as = authorize(req, operation);
		if (!state.credits)
			throw problem(402, 'CreditsDepleted', 'Your enrolled account does not have any ' +
				'credits to fulfill this request.', 'https://api.twitter.com/2/problems/credits');
		const c = { request: api.router.parseRequest(request, operation) };
		check(name, operation, request);
		const [status, body] = acts[name](c);
		if (!state.newer) {
			const answer = api.validateResponse(body, operation, status);
			if (answer.errors && answer.errors.length)
				state.wrong.push('the double itself, ' + name + ': ' +
					JSON.stringify(answer.errors).slice(0, 500));
		}
		if (plan && plan.do === 'lose')
			return req.socket.destroy();
		if (plan && plan.do === 'hang') // has acted, and does not answer
			return undefined;
		if (plan && plan.do === 'wait')
			return waiting.push(() => send(status, body));
		return send(status, body, plan && plan.headers);
	} catch (e) {
		if (e instanceof Say)
			return send(e.status, e.body, e.headers);
		state.wrong.push(String(e.stack));
		return send(500, { title: 'Internal Server Error' });
	}
}

function control(req, res, text) {
	if (req.method === 'POST') {
		const { plan, post, forget, go, ...set } = JSON.parse(text);
		if (go)
			waiting.splice(0).forEach((answer) => answer());
		if (plan)
			state.plans.push(plan);
		if (post)
			addPost(post, post.author);
		if (forget)
			state.asked = [];
		Object.assign(state, set);
	}
	res.end(JSON.stringify({ posts: state.posts, asked: state.asked, wrong: state.wrong }));
}

(async () => {
	await api.init();
	const server = http.createServer((req, res) => {
		const chunks = [];
		req.on('data', (d) => chunks.push(d));
		req.on('end', () => {
			const text = Buffer.concat(chunks).toString();
			(req.url === '/_double' ? control : serve)(req, res, text);
		});
	});
	server.listen(0, '127.0.0.1', () => console.log(server.address().port));
})();

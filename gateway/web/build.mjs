// Makes the dashboard: node build.mjs --modules DIR --out DIR [--depfile FILE] [--check]
//
//   --modules  the node_modules that `npm ci` has filled (outside the sources)
//   --out      gets index.html, assets/* with a hash of their bytes in the name, the licences
//              of what is bundled, and web_assets.c, which links all of it into nova-gateway
//   --depfile  what web_assets.c was made from, for make and ninja
//   --check    types only: tsc, nothing is written but its settings
//
// The same sources give the same bytes: nothing of the machine, the time or a path gets in.
import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values: args } = parseArgs({
  options: { modules: { type: 'string' }, out: { type: 'string' }, check: { type: 'boolean' },
    depfile: { type: 'string' } },
});
if (!args.modules || !args.out) {
  console.error('usage: node build.mjs --modules DIR --out DIR [--check]');
  process.exit(2);
}
const modules = path.resolve(args.modules);
const out = path.resolve(args.out);
const require = createRequire(path.join(modules, 'x.js'));

const BUNDLED = ['preact', 'uplot'];
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const GZIP_GAIN_MIN = 0.9;

// The sources lie apart from the modules, so tsc is told where those are.
function check() {
  fs.mkdirSync(out, { recursive: true });
  const config = path.join(out, 'tsconfig.json');
  fs.writeFileSync(config, JSON.stringify({
    extends: path.join(here, 'tsconfig.json'),
    compilerOptions: {
      typeRoots: [],
      paths: {
        'preact/jsx-runtime': [path.join(modules, 'preact/jsx-runtime/src/index.d.ts')],
        'preact/hooks': [path.join(modules, 'preact/hooks/src/index.d.ts')],
        'preact': [path.join(modules, 'preact/src/index.d.ts')],
        'uplot': [path.join(modules, 'uplot/dist/uPlot.d.ts')],
      },
    },
    include: [path.join(here, 'src')],
  }, null, 2));
  try {
    execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', config],
      { stdio: 'inherit' });
  } catch (e) {
    process.exit(typeof e.status === 'number' ? e.status : 1);
  }
}

function hashOf(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function depfile(inputs) {
  const escaped = (name) => name.replace(/[ #]/g, '\\$&').replace(/\$/g, '$$$$');
  fs.writeFileSync(args.depfile,
    `${escaped(path.join(out, 'web_assets.c'))}: ${inputs.map(escaped).sort().join(' \\\n  ')}\n`);
}

async function bundle() {
  const esbuild = (await import(pathToFileURL(require.resolve('esbuild')).href)).default;
  const result = await esbuild.build({
    absWorkingDir: here,
    entryPoints: { 'assets/app': 'src/main.tsx' },
    nodePaths: [modules],
    bundle: true,
    splitting: true, // a page is loaded when it is gone to
    minify: true,
    write: false,
    metafile: true,
    outdir: 'out',
    entryNames: '[dir]/[name]-[hash]',
    chunkNames: 'assets/part-[hash]',
    format: 'esm',
    target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
  });
  if (args.depfile)
    depfile(Object.keys(result.metafile.inputs).map((name) => path.resolve(here, name)));
  return named(result);
}

// esbuild's names of the parts hold a hash of paths too, which differ from machine to machine:
// each is named anew by what is in it, its imports first.
function named(result) {
  const outputs = result.metafile.outputs;
  const text = new Map(result.outputFiles.map((f) => [path.relative(here, f.path), Buffer.from(f.contents).toString()]));
  const names = new Map();
  const rename = (name) => {
    if (names.has(name))
      return names.get(name);
    let body = text.get(name);
    for (const i of outputs[name].imports)
      body = body.replaceAll(path.basename(i.path), path.basename(rename(i.path)));
    const stem = path.basename(name).replace(/-[^-]*$/, '');
    names.set(name, `assets/${stem}-${hashOf(body).slice(0, 10).toUpperCase()}${path.extname(name)}`);
    text.set(name, body);
    return names.get(name);
  };
  Object.keys(outputs).forEach(rename);
  // What the shell imports anyway is asked for together with it, not one after the other.
  const preload = new Set();
  const follow = (name) => {
    for (const i of outputs[name].imports)
      if (i.kind === 'import-statement' && !preload.has(names.get(i.path))) {
        preload.add(names.get(i.path));
        follow(i.path);
      }
  };
  follow(Object.keys(outputs).find((n) => /assets\/app-[^/]*\.js$/.test(n)));
  const files = [...text].map(([name, body]) => asset(names.get(name), Buffer.from(body), true))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { files, preload: [...preload].sort() };
}

function licenses() {
  return Buffer.from(BUNDLED.map((name) => {
    const dir = path.join(modules, name);
    const version = JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8')).version;
    return `${name} ${version}\n\n${fs.readFileSync(path.join(dir, 'LICENSE'), 'utf8').trim()}\n`;
  }).join('\n'));
}

function asset(name, data, immutable) {
  const gzip = gzipSync(data, { level: 9 });
  return {
    name, data, immutable, type: TYPES[path.extname(name)], etag: hashOf(data).slice(0, 32),
    gzip: gzip.length < data.length * GZIP_GAIN_MIN ? gzip : null,
  };
}

function bytesInC(name, data) {
  const lines = [];
  for (let i = 0; i < data.length; i += 24)
    lines.push('\t' + [...data.subarray(i, i + 24)].join(',') + ',');
  return `static const unsigned char ${name}[] = {\n${lines.join('\n')}\n};\n`;
}

function inC(assets) {
  const parts = ['/* Made from gateway/web by its build.mjs. */\n#include "web_assets.h"\n'];
  assets.forEach((a, i) => {
    parts.push(bytesInC(`data_${i}`, a.data));
    if (a.gzip)
      parts.push(bytesInC(`gzip_${i}`, a.gzip));
  });
  parts.push('const struct gw_web_asset gw_web_assets[] = {');
  assets.forEach((a, i) => {
    const gzip = a.gzip ? `gzip_${i}, sizeof(gzip_${i})` : 'NULL, 0';
    parts.push(`\t{"${a.name}", "${a.type}", "\\"${a.etag}\\"", ${a.immutable ? 1 : 0}, `
      + `data_${i}, sizeof(data_${i}), ${gzip}},`);
  });
  parts.push('};', `const size_t gw_web_n_assets = ${assets.length};`, '');
  return parts.join('\n');
}

// Written only when it differs: what is unchanged is not compiled again.
function write(name, data) {
  const to = path.join(out, name);
  fs.mkdirSync(path.dirname(to), { recursive: true });
  if (!fs.existsSync(to) || !fs.readFileSync(to).equals(Buffer.from(data)))
    fs.writeFileSync(to, data);
}

async function main() {
  const { files, preload } = await bundle();
  const app = (ext) => files.find((f) => f.name.startsWith('assets/app-') && f.name.endsWith(ext));
  const html = fs.readFileSync(path.join(here, 'src/index.html'), 'utf8')
    .replace('app.js', app('.js').name).replace('app.css', app('.css').name)
    .replace('</head>', `${preload.map((n) => `<link rel="modulepreload" href="/${n}">\n`).join('')}</head>`);
  const text = licenses();
  const assets = [asset('index.html', Buffer.from(html), false), ...files,
    asset(`assets/licenses-${hashOf(text).slice(0, 8).toUpperCase()}.txt`, text, true)];
  fs.rmSync(path.join(out, 'assets'), { recursive: true, force: true });
  for (const a of assets)
    write(a.name, a.data);
  write('web_assets.c', inC(assets));
  const sizes = [assets[0], ...files].map((a) => `${path.basename(a.name)} ${(a.gzip ?? a.data).length}`);
  console.log(`dashboard, bytes compressed: ${sizes.join(', ')}`);
}

if (args.check)
  check();
else
  await main();

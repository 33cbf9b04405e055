/**
 * Weighs what a browser has to load, gzipped, and fails when a budget is passed. It builds in
 * memory and follows the imports of each page, so that a chunk that is shared counts once and one
 * that is never reached counts nothing.
 *
 * Usage: node scripts/sizes.mjs [--json]
 */
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const WEB = resolve(import.meta.dirname, '..');

/** Budgets in bytes of gzip. */
const BUDGETS = {
  sdk: 25_000,
  // Fetched in a check and as a call begins, when nobody waits: the tries of the ways, statistics, relief.
  sdkLater: 5_000,
  // Loaded only when the server opens a direct way between two people.
  sdkDirect: 4_000,
  // For those who run a clinic: no part of a visit.
  sdkOffice: 2_000,
  // Loaded when somebody of the clinic uses or makes a passkey.
  sdkPasskeys: 1_000,
  // Loaded when somebody of the clinic looks at the own account.
  sdkFactors: 1_000,
  patientBeforeCamera: 30_000,
  patient: 90_000,
  clinic: 180_000,
  css: 15_000,
};

/** One language is loaded, never all of them. */
const OTHER_LANGUAGE = /\/i18n\/(?:es\b|pseudo)/;
/** Lazy chunks that are needed before the browser asks for the camera. */
const BEFORE_CAMERA = /\/patient\/check\/|\/i18n\/en\/(?:hello|check|devices)\b|\/sdk\/src\/check/;

/** The parts of the SDK that are no part of every call. */
const DIRECT = /\/sdk\/src\/direct\.ts$/;
const OFFICE = /\/sdk\/src\/office-entry\.ts$/;
const PASSKEYS = /\/sdk\/src\/passkeys\.ts$/;
const FACTORS = /\/sdk\/src\/factors-entry\.ts$/;
const APART = new RegExp([DIRECT, OFFICE, PASSKEYS, FACTORS].map((part) => part.source).join('|'));

const gz = (content) => gzipSync(content, { level: 9 }).length;

async function bundle(options) {
  const result = await build({ logLevel: 'error', ...options });
  return [result].flat().flatMap((part) => part.output);
}

/** The chunks that `entry` loads; lazy ones too when `lazy` says so of their source. */
function reach(chunks, entry, lazy) {
  const byFile = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
  const seen = new Set();
  const visit = (file) => {
    const chunk = byFile.get(file);
    if (chunk === undefined || seen.has(chunk)) return;
    seen.add(chunk);
    chunk.imports.forEach(visit);
    for (const other of chunk.dynamicImports) if (lazy(byFile.get(other)?.facadeModuleId ?? '')) visit(other);
  };
  visit(entry.fileName);
  return [...seen];
}

const sum = (chunks) => chunks.reduce((bytes, chunk) => bytes + gz(chunk.code), 0);

const sdkChunks = await bundle({
  configFile: false,
  root: resolve(WEB, 'sdk'),
  build: {
    write: false,
    target: 'es2022',
    modulePreload: false,
    rolldownOptions: {
      input: ['index', 'guest', 'check-entry', 'clinic-entry', 'office-entry', 'factors-entry'].map((name) => resolve(WEB, `sdk/src/${name}.ts`)),
      preserveEntrySignatures: 'strict',
    },
  },
});

const app = await bundle({
  configFile: resolve(WEB, 'app/vite.config.ts'),
  root: resolve(WEB, 'app'),
  build: { write: false },
});
const chunks = app.filter((part) => part.type === 'chunk');
const page = (name) => {
  const found = chunks.find((chunk) => chunk.isEntry && chunk.name === name);
  if (found === undefined) throw new Error(`the build has no page "${name}"`);
  return found;
};
const everything = (source) => !OTHER_LANGUAGE.test(source);

const weights = {
  sdk: sum(sdkChunks.filter((part) => part.type === 'chunk' && !part.isDynamicEntry && !APART.test(part.facadeModuleId ?? ''))),
  // Fetched when it is needed.
  sdkLater: sum(sdkChunks.filter((part) => part.type === 'chunk' && part.isDynamicEntry && !APART.test(part.facadeModuleId ?? ''))),
  sdkOffice: sum(sdkChunks.filter((part) => part.type === 'chunk' && OFFICE.test(part.facadeModuleId ?? ''))),
  sdkPasskeys: sum(sdkChunks.filter((part) => part.type === 'chunk' && PASSKEYS.test(part.facadeModuleId ?? ''))),
  sdkFactors: sum(sdkChunks.filter((part) => part.type === 'chunk' && FACTORS.test(part.facadeModuleId ?? ''))),
  sdkDirect: sum(sdkChunks.filter((part) => part.type === 'chunk' && DIRECT.test(part.facadeModuleId ?? ''))),
  patientBeforeCamera: sum(reach(chunks, page('patient'), (source) => BEFORE_CAMERA.test(source))),
  patient: sum(reach(chunks, page('patient'), everything)),
  clinic: sum(reach(chunks, page('clinic'), everything)),
  css: app
    .filter((part) => part.type === 'asset' && part.fileName.endsWith('.css'))
    .reduce((bytes, part) => bytes + gz(part.source), 0),
};

if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ weights, budgets: BUDGETS }));
} else {
  for (const [name, bytes] of Object.entries(weights)) {
    const verdict = bytes <= BUDGETS[name] ? 'ok' : 'TOO LARGE';
    console.log(`${name.padEnd(20)} ${String(bytes).padStart(7)} of ${BUDGETS[name]} bytes gz  ${verdict}`);
  }
}
if (Object.entries(weights).some(([name, bytes]) => bytes > BUDGETS[name])) process.exitCode = 1;

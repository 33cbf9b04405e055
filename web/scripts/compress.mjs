/**
 * Puts a `.br` and a `.gz` beside every text asset of a folder, so that the server never
 * compresses at run time. Files that do not shrink get none.
 *
 * Usage: node scripts/compress.mjs <folder>
 */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TEXT = /\.(?:html|js|css|svg|json|webmanifest|txt|map)$/;

const folder = process.argv[2];
if (folder === undefined) throw new Error('usage: compress.mjs <folder>');

const entries = await readdir(folder, { recursive: true, withFileTypes: true });
for (const entry of entries) {
  if (!entry.isFile() || !TEXT.test(entry.name)) continue;
  const path = join(entry.parentPath, entry.name);
  const plain = await readFile(path);
  const packed = {
    br: brotliCompressSync(plain, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
      },
    }),
    gz: gzipSync(plain, { level: constants.Z_BEST_COMPRESSION }),
  };
  for (const [ending, bytes] of Object.entries(packed)) {
    if (bytes.length < plain.length) await writeFile(`${path}.${ending}`, bytes);
  }
}

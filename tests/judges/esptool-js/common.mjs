// SPDX-License-Identifier: Apache-2.0
//
// What the judges have in common: the package, something to write, and a place for what the host says.

import { createHash } from 'node:crypto';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';

// The package esptool-js, from node_modules beside this file or from the folder that FETTLE_NODE_MODULES names. Ends the program
// with status 77 where it isn't installed.
export async function findHost() {
  const modules = process.env.FETTLE_NODE_MODULES ?? fileURLToPath(new URL('node_modules', import.meta.url));
  try {
    return await import(pathToFileURL(join(modules, 'esptool-js/lib/index.js')));
  } catch (error) {
    console.log(`skipped: esptool-js isn't installed (${error.code})`);
    process.exit(77);
  }
}

// Half of it can be compressed.
export function makeImage(size) {
  const image = new Uint8Array(size);
  for (let i = 0, x = 1; i < size; i++) {
    x = (x * 1103515245 + 12345) & 0x7fffffff;
    image[i] = (i >> 9) % 2 === 0 ? x >> 16 : 0x41 + (i >> 9) % 20;
  }
  return image;
}

export const md5 = (bytes) => createHash('md5').update(bytes).digest('hex');

export function expect(is, what) {
  if (!is) {
    throw new Error(`not so: ${what}`);
  }
  console.log(`ok: ${what}`);
}

export function makeTerminal() {
  let line = '';
  return {
    clean() {},
    writeLine(text) { console.log(`  | ${line}${text}`); line = ''; },
    write(text) { line += text; },
  };
}

// A ROM takes smaller blocks, and wants eight bytes for its flash, of which esptool-js 0.7.0 sends four; a stub has done it already.
export async function prepareForRom(loader) {
  loader.FLASH_WRITE_SIZE = 0x400;
  await loader.checkCommand('attach', 0x0d, new Uint8Array(8));
}

// Writes `image`, and lets the host compare the MD5, as it does by itself; of a ROM it takes the hexadecimal digits for the sum.
export async function write(loader, image, address, hasStub) {
  await loader.writeFlash({
    fileArray: [{ data: image, address }],
    flashSize: 'keep', flashMode: 'keep', flashFreq: 'keep',
    eraseAll: false, compress: true,
    calculateMD5Hash: hasStub ? md5 : undefined,
  });
}

// The sum of what the board holds, as it says itself.
export async function askSum(loader, address, size, hasStub) {
  const digits = await loader.flashMd5sum(address, size);
  return hasStub ? digits : Buffer.from(digits, 'hex').toString();
}

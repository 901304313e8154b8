// SPDX-License-Identifier: Apache-2.0
//
//     node judge.mjs DESK SPEC [--baud N] [--no-stub] [--size BYTES]
//
// Espressif's own host, from the npm package esptool-js, at a virtual board: it finds out which chip that is,
// loads its stub, changes the rate, writes, compares the MD5, reads back, erases, and restarts the board. Ends with
// status 0 if all of that went as it should, 77 where the package isn't installed: it is looked for in
// node_modules beside this file, or in the folder that FETTLE_NODE_MODULES names.

import { createHash } from 'node:crypto';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { Desk, Port } from './port.mjs';

const modules = process.env.FETTLE_NODE_MODULES ?? fileURLToPath(new URL('node_modules', import.meta.url));
let esptool;
try {
  esptool = await import(pathToFileURL(join(modules, 'esptool-js/lib/index.js')));
} catch (error) {
  console.log(`skipped: esptool-js isn't installed (${error.code})`);
  process.exit(77);
}

const [program, spec, ...options] = process.argv.slice(2);
const option = (name, otherwise) => {
  const at = options.indexOf(name);
  return at >= 0 ? Number(options[at + 1]) : otherwise;
};
const baud = option('--baud', 921600);
const size = option('--size', 100000);
const wantsStub = !options.includes('--no-stub');

// Half of it can be compressed.
const image = new Uint8Array(size);
for (let i = 0, x = 1; i < size; i++) {
  x = (x * 1103515245 + 12345) & 0x7fffffff;
  image[i] = (i >> 9) % 2 === 0 ? x >> 16 : 0x41 + (i >> 9) % 20;
}

const md5 = (bytes) => createHash('md5').update(bytes).digest('hex');
const desk = new Desk(program, spec);
const [vendor, product] = (await desk.ask('sight')).split(' ').map(Number);
desk.install();

const expect = (is, what) => {
  if (!is) {
    throw new Error(`not so: ${what}`);
  }
  console.log(`ok: ${what}`);
};

async function judge() {
  const port = new Port(desk, vendor, product);
  const transport = new esptool.Transport(port, false);
  let line = '';
  const terminal = {
    clean() {},
    writeLine(text) { console.log(`  | ${line}${text}`); line = ''; },
    write(text) { line += text; },
  };
  const loader = new esptool.ESPLoader({ transport, baudrate: baud, romBaudrate: 115200, terminal, debugLogging: false });
  if (!wantsStub) {
    loader.runStub = async () => loader.chip;
  }
  const began = desk.now;
  const chip = await loader.main();
  console.log(`chip: ${chip}, stub: ${loader.IS_STUB}, after ${(desk.now - began) / 1e6} s`);
  expect(loader.IS_STUB === wantsStub, wantsStub ? 'its stub runs' : 'no stub runs');

  if (!wantsStub) {
    loader.FLASH_WRITE_SIZE = 0x400; // what a ROM takes
    // A stub has done it already; esptool-js 0.7.0 would send a ROM four bytes, and it wants eight.
    await loader.checkCommand('attach', 0x0d, new Uint8Array(8));
  }

  const start = desk.now, sent = desk.sent;
  await loader.writeFlash({
    fileArray: [{ data: image, address: 0x110000 }],
    flashSize: 'keep', flashMode: 'keep', flashFreq: 'keep',
    eraseAll: false, compress: true,
    // It takes the hexadecimal digits of a ROM for the sum itself.
    calculateMD5Hash: wantsStub ? (bytes) => md5(bytes) : undefined,
  });
  console.log(`written: ${size} bytes in ${(desk.now - start) / 1e6} s, ${desk.sent - sent} bytes on the wire`);
  const there = Buffer.from(await desk.ask(`flash 0x110000 ${size}`), 'hex');
  expect(there.equals(Buffer.from(image)), 'the flash holds what was written');
  const digits = await loader.flashMd5sum(0x110000, size);
  const sum = wantsStub ? digits : Buffer.from(digits, 'hex').toString();
  expect(sum === md5(image), `MD5 of the board: ${sum}`);
  if (wantsStub) {
    const back = await loader.readFlash(0x110000, 20000);
    expect(Buffer.from(back).equals(Buffer.from(image.slice(0, 20000))), 'what is read is what was written');
  }
  expect(await desk.ask('count dropped') === '0', 'no byte found the board without room');
  await loader.after('hard_reset');
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await desk.ask('bootable') === 'ok', 'its application is still there');
  await transport.disconnect();
  console.log(`all: ${desk.now / 1e6} s, ${desk.sent} bytes sent, ${desk.received} received`);
}

try {
  await desk.run(judge);
} catch (error) {
  console.log(`failed: ${error.stack}`);
  process.exitCode = 1;
}
desk.end();

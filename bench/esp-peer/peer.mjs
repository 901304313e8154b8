// SPDX-License-Identifier: Apache-2.0
//
//     node peer.mjs DESK FOLDER CASE WANTED PRESENT stub|rom BAUD
//
// Espressif's own host, from the npm package esptool-js, puts WANTED.bin of FOLDER where PRESENT.bin is, on the same
// virtual board and clock as bench/esp has them (tests/judges/esptool-js), and proves it with the board's MD5. Prints
// "CASE stub|rom BAUD seconds bytes-out bytes-in": from the first byte of its first SYNC to the last byte of the
// answer with the MD5. Status 77 where the package isn't installed.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { Desk, Port } from '../../tests/judges/esptool-js/port.mjs';

const BOARD = 'esp32,bridge=cp210x,size=4MB,timing=none';
const SLOT = 0x150000;
const SYNC = 0x08;
const ROM_BLOCK = 0x400;
const ATTACH = 0x0d;
const SET_PARAMS = 0x0b;
const FLASH = [0, 4 << 20, 64 << 10, 4 << 10, 256, 0xffff]; // id, sizes of it and its parts, mask of its status

const judge = new URL('../../tests/judges/esptool-js/node_modules', import.meta.url);
const modules = process.env.FETTLE_NODE_MODULES ?? fileURLToPath(judge);
let esptool;
try {
  esptool = await import(pathToFileURL(join(modules, 'esptool-js/lib/index.js')));
} catch (error) {
  console.error(`esptool-js isn't installed (${error.code})`);
  process.exit(77);
}

const [program, folder, name, wanted, present, loaderName, baud] = process.argv.slice(2);
const wantsStub = loaderName === 'stub';
const content = (what) => readFileSync(join(folder, `${what}.bin`));
const md5 = (bytes) => createHash('md5').update(bytes).digest('hex');
const desk = new Desk(program, BOARD);
const expect = (is, what) => {
  if (!is) {
    throw new Error(`not so: ${what}`);
  }
};

expect(await desk.ask(`poke ${SLOT} ${content(present).toString('hex')}`) === 'ok', 'the board holds what it should');
const [vendor, product] = (await desk.ask('sight')).split(' ').map(Number);
desk.install();
console.log = () => {}; // it has a habit of tracing

// A port that notes when the first SYNC begins and when the last bytes have come.
class WatchedPort extends Port {
  async write(bytes) {
    if (this.began === undefined && bytes[2] === SYNC) {
      this.began = this.desk.now;
    }
    return super.write(bytes);
  }
}

async function work() {
  const port = new WatchedPort(desk, vendor, product);
  const transport = new esptool.Transport(port, false);
  const terminal = { clean() {}, writeLine() {}, write() {} };
  const loader = new esptool.ESPLoader({
    transport, baudrate: Number(baud), romBaudrate: 115200, terminal, debugLogging: false,
  });
  if (!wantsStub) {
    loader.runStub = async () => loader.chip;
  }
  await loader.main();
  expect(loader.IS_STUB === wantsStub, 'the loader that was asked for');
  if (!wantsStub) {
    // What 0.7.0 gets wrong without a stub (see tests/judges/esptool-js/README.md), and how large the flash is.
    loader.FLASH_WRITE_SIZE = ROM_BLOCK;
    await loader.checkCommand('attach', ATTACH, new Uint8Array(8));
    await loader.checkCommand('size', SET_PARAMS, new Uint8Array(Uint32Array.from(FLASH).buffer));
    const ask = loader.flashMd5sum.bind(loader);
    loader.flashMd5sum = async (...range) => Buffer.from(await ask(...range), 'hex').toString();
  }
  const image = new Uint8Array(content(wanted));
  await loader.writeFlash({
    fileArray: [{ data: image, address: SLOT }],
    flashSize: 'keep', flashMode: 'keep', flashFreq: 'keep',
    eraseAll: false, compress: true, calculateMD5Hash: md5,
  });
  const seconds = (desk.lastAt - port.began) / 1e6;
  const there = Buffer.from(await desk.ask(`flash ${SLOT} ${image.length}`), 'hex');
  expect(there.equals(Buffer.from(image)), 'the flash holds what was written');
  process.stdout.write(`${name} ${loaderName} ${baud} ${seconds.toFixed(6)} ${desk.sent} ${desk.received}\n`);
}

// When bytes came, of which the desk itself only counts how many.
let received = 0;
Object.defineProperty(desk, 'received', {
  get: () => received,
  set: (value) => { received = value; desk.lastAt = desk.now; },
});

try {
  await desk.run(work);
} catch (error) {
  console.error(`${name}, ${loaderName}, ${baud} baud: ${error.stack}`);
  process.exitCode = 1;
}
desk.end();

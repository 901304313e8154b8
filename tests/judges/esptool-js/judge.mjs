// SPDX-License-Identifier: Apache-2.0
//
//     node judge.mjs DESK SPEC [--baud N] [--no-stub] [--size BYTES]
//
// Espressif's own host, from the npm package esptool-js, at a virtual board: it finds out which chip that is,
// loads its stub, changes the rate, writes, compares the MD5, reads back, erases, and restarts the board. Ends with
// status 0 if all of that went as it should, 77 where the package isn't installed: it is looked for in
// node_modules beside this file, or in the folder that FETTLE_NODE_MODULES names.

import { askSum, expect, findHost, makeImage, makeTerminal, md5, prepareForRom, write } from './common.mjs';
import { Desk, Port } from './port.mjs';

const esptool = await findHost();
const [program, spec, ...options] = process.argv.slice(2);
const option = (name, otherwise) => {
  const at = options.indexOf(name);
  return at >= 0 ? Number(options[at + 1]) : otherwise;
};
const baud = option('--baud', 921600);
const size = option('--size', 100000);
const wantsStub = !options.includes('--no-stub');

const image = makeImage(size);
const desk = new Desk(program, spec);
const [vendor, product] = (await desk.ask('sight')).split(' ').map(Number);
desk.install();

async function judge() {
  const port = new Port(desk, vendor, product);
  const transport = new esptool.Transport(port, false);
  const loader = new esptool.ESPLoader(
    { transport, baudrate: baud, romBaudrate: 115200, terminal: makeTerminal(), debugLogging: false });
  if (!wantsStub) {
    loader.runStub = async () => loader.chip;
  }
  const began = desk.now;
  const chip = await loader.main();
  console.log(`chip: ${chip}, stub: ${loader.IS_STUB}, after ${(desk.now - began) / 1e6} s`);
  expect(loader.IS_STUB === wantsStub, wantsStub ? 'its stub runs' : 'no stub runs');

  if (!wantsStub) {
    await prepareForRom(loader);
  }

  const start = desk.now, sent = desk.sent;
  await write(loader, image, 0x110000, wantsStub);
  console.log(`written: ${size} bytes in ${(desk.now - start) / 1e6} s, ${desk.sent - sent} bytes on the wire`);
  const there = Buffer.from(await desk.ask(`flash 0x110000 ${size}`), 'hex');
  expect(there.equals(Buffer.from(image)), 'the flash holds what was written');
  const sum = await askSum(loader, 0x110000, size, wantsStub);
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

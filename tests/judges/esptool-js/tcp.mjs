// SPDX-License-Identifier: Apache-2.0
//
//     node tcp.mjs FETTLE-SIM SPEC [--no-stub] [--size BYTES]
//
// Espressif's own host at a virtual board over TCP: two programs, a socket and real time. Such a line has bytes only: no rate,
// and no DTR and RTS, so the board is in its loader already (mode=rom), and stays at 115200 baud. At the end all of the flash
// is compared with what it was, and what was written. Ends as judge.mjs does.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { askSum, expect, findHost, makeImage, makeTerminal, md5, prepareForRom, write } from './common.mjs';

const ADDRESS = 0x110000, BACK = 8192;
const esptool = await findHost();
const [program, spec, ...options] = process.argv.slice(2);
const at = options.indexOf('--size');
const image = makeImage(at >= 0 ? Number(options[at + 1]) : 32768);
const wantsStub = !options.includes('--no-stub');

// The program with the board; it says where it listens before anybody can come.
class Board {
  constructor(folder) {
    this.flash = join(folder, 'flash.bin');
    this.child = spawn(program, [`${spec},mode=rom,flash=${this.flash}`, '--tcp', '127.0.0.1:0'],
                       { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child.stdout.setEncoding('latin1');
    this.ended = new Promise((resolve) => this.child.on('exit', resolve));
  }

  async port() {
    let text = '';
    for await (const piece of this.child.stdout) {
      text += piece;
      const found = text.match(/^listening on 127\.0\.0\.1:(\d+)\n/);
      if (found !== null) {
        return Number(found[1]);
      }
    }
    throw new Error('there is no board');
  }

  memory() { return readFileSync(this.flash); }

  async end() {
    this.child.kill('SIGTERM');
    return await this.ended;
  }
}

// A serial port as the Web Serial API has it, with a socket behind it.
class Port {
  constructor(number) {
    this.number = number;
    this.readable = this.writable = null;
  }

  getInfo() { return {}; }

  async open() {
    this.socket = connect({ host: '127.0.0.1', port: this.number, noDelay: true });
    await new Promise((resolve, reject) => this.socket.once('connect', resolve).once('error', reject));
    this.readable = Readable.toWeb(this.socket);
    this.writable = Writable.toWeb(this.socket);
  }

  async setSignals() {} // there are none

  async close() {
    this.readable = this.writable = null;
    this.socket.destroy();
  }
}

async function judge(board) {
  const transport = new esptool.Transport(new Port(await board.port()), false);
  const before = board.memory();
  const loader = new esptool.ESPLoader(
    { transport, baudrate: 115200, romBaudrate: 115200, terminal: makeTerminal(), debugLogging: false });
  if (!wantsStub) {
    loader.runStub = async () => loader.chip;
  }
  const chip = await loader.main('no_reset');
  const name = spec.split(',')[0].toUpperCase().replace(/^(ESP32)(.)/, '$1-$2');
  expect(chip.startsWith(name), `it finds an ${name}: ${chip}`);
  expect(loader.IS_STUB === wantsStub, wantsStub ? 'its stub runs' : 'no stub runs');
  if (!wantsStub) {
    await prepareForRom(loader);
  }
  await write(loader, image, ADDRESS, wantsStub);
  const sum = await askSum(loader, ADDRESS, image.length, wantsStub);
  expect(sum === md5(image), `MD5 of the board: ${sum}`);
  if (wantsStub) {
    const back = await loader.readFlash(ADDRESS, BACK);
    expect(Buffer.from(back).equals(Buffer.from(image.slice(0, BACK))), 'what is read is what was written');
  }
  await transport.disconnect();
  expect(await board.end() === 0, 'the board ends well');
  const wanted = Buffer.from(before);
  wanted.set(image, ADDRESS);
  expect(board.memory().equals(wanted), 'the flash holds what was written, and all else as it was');
}

const folder = mkdtempSync(join(tmpdir(), 'fettle-judge-'));
const board = new Board(folder);
try {
  await judge(board);
} catch (error) {
  console.log(`failed: ${error.stack}`);
  process.exitCode = 1;
}
await board.end();
rmSync(folder, { recursive: true });
process.exit();

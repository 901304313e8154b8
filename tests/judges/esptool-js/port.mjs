// SPDX-License-Identifier: Apache-2.0
//
// A serial port as the Web Serial API has it, whose other end is a virtual board (fettle-esp-desk), and the
// board's clock in the place of the system's: setTimeout() and Date.now() go by it, and it goes on when
// there is nothing left to do but wait. So a program takes as long here as it would at a desk, to the
// microsecond, and the same each time.

import { spawn } from 'node:child_process';

export class Desk {
  constructor(program, spec) {
    this.child = spawn(program, [spec], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.waiting = [];
    this.text = '';
    this.child.stdout.setEncoding('latin1');
    this.child.stdout.on('data', (text) => this.take(text));
    this.child.on('exit', () => this.waiting.forEach((next) => next('no board')));
    this.now = 0; // microseconds
    this.timers = new Map();
    this.nextTimer = 1;
    this.reader = null; // a read() that waits
    this.isBusy = 0; // questions to the desk that are under way
    this.isOver = false;
    this.sent = 0;
    this.received = 0;
  }

  take(text) {
    this.text += text;
    for (let end = this.text.indexOf('\n'); end >= 0; end = this.text.indexOf('\n')) {
      this.waiting.shift()(this.text.slice(0, end));
      this.text = this.text.slice(end + 1);
    }
  }

  async ask(line) {
    this.isBusy++;
    const answer = await new Promise((resolve) => {
      this.waiting.push(resolve);
      this.child.stdin.write(line + '\n');
    });
    this.isBusy--;
    return answer;
  }

  async askNow() {
    this.now = Number(await this.ask('now'));
  }

  // ---- time ----

  install() {
    globalThis.setTimeout = (call, ms = 0, ...rest) => {
      const id = this.nextTimer++;
      this.timers.set(id, { at: this.now + Math.max(ms, 1) * 1000, id, call: () => call(...rest) });
      return id;
    };
    globalThis.clearTimeout = (id) => this.timers.delete(id);
    Date.now = () => Math.floor(this.now / 1000);
  }

  nextAt() {
    return Math.min(...[...this.timers.values()].map((timer) => timer.at));
  }

  fire() {
    const due = [...this.timers.values()].filter((timer) => timer.at <= this.now);
    due.sort((a, b) => a.at - b.at || a.id - b.id);
    for (const timer of due) {
      this.timers.delete(timer.id);
      timer.call();
    }
  }

  // Lets time pass up to the next timer, or until bytes come.
  async pass() {
    const until = this.nextAt();
    if (this.reader === null) {
      await this.ask(`wait ${until}`);
      this.now = until;
      return this.fire();
    }
    const [kind, now, hex] = (await this.ask(`read ${until} 0`)).split(' ');
    this.now = Number(now);
    if (kind === 'data' && this.reader !== null) {
      const deliver = this.reader;
      this.reader = null;
      this.received += hex.length / 2;
      deliver({ value: new Uint8Array(Buffer.from(hex, 'hex')), done: false });
    } else if (kind === 'gone' && this.reader !== null) {
      const deliver = this.reader;
      this.reader = null;
      deliver({ value: undefined, done: true });
    }
    this.fire();
  }

  // The loop of a world without hurry: everything that can be done now is done first.
  async run(body) {
    let result, failure;
    const whole = body().then(
      (value) => { result = value; this.isOver = true; },
      (error) => { failure = error; this.isOver = true; });
    while (!this.isOver) {
      for (let i = 0; i < 4 && !this.isOver; i++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (!this.isOver && this.isBusy === 0 && this.timers.size > 0) {
        await this.pass();
      }
    }
    await whole;
    if (failure !== undefined) {
      throw failure;
    }
    return result;
  }

  end() {
    this.child.stdin.end();
  }
}

class Reader {
  constructor(port) { this.port = port; }
  read() {
    return new Promise((resolve) => { this.port.desk.reader = resolve; });
  }
  async cancel() {
    const deliver = this.port.desk.reader;
    this.port.desk.reader = null;
    if (deliver !== null) {
      deliver({ value: undefined, done: true });
    }
  }
  releaseLock() { this.port.readable.locked = false; }
}

export class Port {
  constructor(desk, vendor, product) {
    this.desk = desk;
    this.info = { usbVendorId: vendor, usbProductId: product };
    this.lines = { dataTerminalReady: false, requestToSend: false };
    this.readable = null;
    this.writable = null;
  }

  getInfo() { return this.info; }

  async open({ baudRate }) {
    if (await this.desk.ask(`open ${baudRate}`) !== 'ok') {
      throw new Error('the port cannot be opened');
    }
    const readable = { locked: false, getReader: () => { readable.locked = true; return new Reader(this); } };
    const writable = {
      locked: false,
      getWriter: () => {
        writable.locked = true;
        return {
          write: (bytes) => this.write(bytes),
          close: async () => {},
          releaseLock: () => { writable.locked = false; },
        };
      },
    };
    this.readable = readable;
    this.writable = writable;
  }

  async write(bytes) {
    this.desk.sent += bytes.length;
    const answer = await this.desk.ask('write ' + Buffer.from(bytes).toString('hex'));
    await this.desk.askNow();
    if (answer !== 'ok') {
      throw new Error('the port is gone');
    }
  }

  async setBaudRate(baud) {
    await this.desk.ask(`baud ${baud}`);
    await this.desk.askNow();
  }

  async setSignals(signals) {
    for (const name of ['dataTerminalReady', 'requestToSend']) {
      this.lines[name] = signals[name] ?? this.lines[name];
    }
    await this.desk.ask(`lines ${Number(this.lines.dataTerminalReady)} ${Number(this.lines.requestToSend)}`);
  }

  async close() {
    this.readable = this.writable = null;
    await this.desk.ask('close');
  }
}

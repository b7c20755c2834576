// A Parlor of our own on free ports, that can be stopped and started again; or one that runs already.

import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const START_MS = 10_000;
const STOP_MS = 5_000;

export class Server {
  #process = null;
  #arguments;
  #binary;
  #state;
  #log;

  /** What administrators show. */
  secret = 'overlord';
  /** Their page. */
  administration;
  /** Where media is sent to. */
  mediaPort;

  /** With `more` settings than all have. */
  static async begin(output, more = {}) {
    const server = new Server();
    if (process.env.PARLOR_URL) {
      server.url = new URL(process.env.PARLOR_URL);
      return server;
    }
    server.#binary = process.env.PARLOR ?? fileURLToPath(new URL('../../../target/release/parlor', import.meta.url));
    if (!existsSync(server.#binary)) throw new Error(`${server.#binary} is missing: cargo build --release`);
    const [http, https, websocket, admin] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    server.url = new URL(`http://localhost:${http}/`);
    server.administration = `http://localhost:${admin}/`;
    server.#state = mkdtempSync(join(tmpdir(), 'parlor-browser-'));
    server.#log = createWriteStream(new URL(`parlor-${http}.log`, output));
    server.mediaPort = await freeUdpPort();
    const settings = {
      'control.http': `127.0.0.1:${http}`,
      'control.websocket': `127.0.0.1:${websocket}`,
      'control.admin': `127.0.0.1:${admin}`,
      'control.admin_secret': server.secret,
      'control.https': `127.0.0.1:${https}`,
      'control.https_api': 'off',
      'control.wss': 'off',
      'mdns.enabled': false,
      // Not 127.0.0.1: Firefox has no candidate of its own there.
      'media.address': 'auto',
      'media.port': server.mediaPort,
      'media.shards': 1,
      'state.directory': server.#state,
      ...more,
    };
    server.#arguments = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    await server.start();
    return server;
  }

  /** Where it speaks the Janus API over WebSocket. */
  get webSocket() {
    return `ws://${this.url.host}/`;
  }

  /** Where it speaks the Janus API over HTTP. */
  get rest() {
    return `http://${this.url.host}/janus`;
  }

  /** Where recordings lie. */
  get recordings() {
    return join(this.#state, 'recordings');
  }

  /** Where captures lie, if they are to lie in `captures`. */
  get captures() {
    return join(this.#state, 'captures');
  }

  /** What `parlor recordings` prints with these `options`. */
  listRecordings(...options) {
    return execFileSync(this.#binary, ['recordings', ...options, ...this.#arguments], { encoding: 'utf8' });
  }

  /** Whether we may stop and start it. */
  get isOurs() {
    return Boolean(this.#binary);
  }

  /** Starts it, with further settings if there are any. */
  async start(settings = {}) {
    const further = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    this.#process = spawn(this.#binary, [...this.#arguments, ...further], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process.stdout.pipe(this.#log, { end: false });
    this.#process.stderr.pipe(this.#log, { end: false });
    const until = Date.now() + START_MS;
    for (;;) {
      if (this.#process.exitCode !== null)
        throw new Error(`parlor ended with ${this.#process.exitCode}: see ${this.#log.path}`);
      if (
        await fetch(this.url).then(
          (response) => response.ok,
          () => false,
        )
      )
        return;
      if (Date.now() > until) throw new Error('parlor does not serve its page');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async stop(signal = 'SIGTERM') {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    const timer = setTimeout(() => running.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  }

  async end() {
    await this.stop();
    this.#log?.end();
    if (this.#state) rmSync(this.#state, { recursive: true, force: true });
  }
}

/** Below those that the kernel gives to whoever connects: nobody takes it before the server does. */
function anyPort() {
  return 10_000 + Math.floor(Math.random() * 22_000);
}

function freePort() {
  return new Promise((resolve) => {
    const port = anyPort();
    const server = createServer()
      .once('error', () => resolve(freePort()))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });
}

function freeUdpPort() {
  return new Promise((resolve) => {
    const port = anyPort();
    const socket = createSocket('udp4')
      .once('error', () => resolve(freeUdpPort()))
      .bind(port, '127.0.0.1', () => socket.close(() => resolve(port)));
  });
}

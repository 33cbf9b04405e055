/**
 * Networks for browser tests: hosts in namespaces of their own, joined by the `netlab` program.
 * Owns that program and the ways into the hosts. What networks can be is in docs/netlab.md.
 */
import { type Browser, test } from '@playwright/test';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { CHROMIUM, browserAt } from '../bedside';

const here = dirname(fileURLToPath(import.meta.url));
const program = process.env.NETLAB ?? join(here, '../../../target/release/netlab');
/**
 * Before programs that have a machine of their own in earnest: browsers on the same processors must not
 * make the network and the server late.
 */
const FIRST = ['nice', '-n', '-15'];
/** For a broken lab only: an answer is a few system calls away. */
const ANSWER_MS = 20_000;

/** Why a lab cannot be made on this machine; the codes of `netlab`. */
const NO_LABS_HERE = new Set(['not_allowed', 'no_tun']);

/** An order that was not followed. */
export class LabError extends Error {
  constructor(readonly code: string, text: string) {
    super(`netlab: ${text} (${code})`);
  }
}

export interface Counters {
  up: number;
  down: number;
  up_lost: number;
  down_lost: number;
  firewall: number;
}

/** A host of a lab. */
export class Host {
  constructor(
    readonly name: string,
    readonly address: string,
    /** What to put before a command so that it runs in this host and ends with the tests. */
    readonly enter: readonly string[],
    readonly lab: Lab,
  ) {}

  /** The same for a program that the browsers of the lab must not hold up. */
  get enterFirst(): readonly string[] {
    return [...this.enter, ...FIRST];
  }

  /** A browser in this host. `more` are switches. */
  async browser(microphone?: string, camera?: string, ...more: string[]): Promise<Browser> {
    const way = join(this.lab.folder, `chromium-${this.name}`);
    const words = [...this.enter, CHROMIUM].map((word) => `'${word}'`).join(' ');
    writeFileSync(way, `#!/bin/sh\nexec ${words} "$@"\n`);
    chmodSync(way, 0o700);
    // The authority of the demo is made anew for each, so no browser can know it.
    return browserAt(way, microphone, camera, '--ignore-certificate-errors', ...more);
  }

  /** Gives a path another link: words of a profile. */
  link(path: number, words: string): Promise<string> {
    return this.lab.order(`link ${this.name} ${path} ${words}`);
  }

  firewall(path: number, words: string): Promise<string> {
    return this.lab.order(`firewall ${this.name} ${path} ${words}`);
  }

  /** Lets packets vanish, or come again, unseen by the host. */
  cable(path: number, state: 'up' | 'down'): Promise<string> {
    return this.lab.order(`cable ${this.name} ${path} ${state}`);
  }

  /** Takes an interface down or up, seen by the host. */
  interface(path: number, state: 'up' | 'down'): Promise<string> {
    return this.lab.order(`interface ${this.name} ${path} ${state}`);
  }

  /** Leaves the path in use for this one, as a phone that leaves the Wi-Fi. */
  swap(path: number): Promise<string> {
    return this.lab.order(`swap ${this.name} ${path}`);
  }

  /** The NAT of a path forgets everything and gets another address. */
  rebind(path: number): Promise<string> {
    return this.lab.order(`rebind ${this.name} ${path}`);
  }

  async counters(path: number): Promise<Counters> {
    const answer = await this.lab.order(`counters ${this.name} ${path}`);
    const pairs = answer.split(' ').map((pair) => pair.split('='));
    return Object.fromEntries(pairs.map(([name, count]) => [name, Number(count)])) as unknown as Counters;
  }
}

/** A network for one test. */
export class Lab {
  readonly folder = mkdtempSync(join(tmpdir(), 'bedside-lab-'));
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(seed: number) {
    const [command = program, ...words] = [...FIRST, program, '--control', '--seed', String(seed)];
    this.#process = spawn(command, words, {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#answers = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  /**
   * A lab. Where none can be made the running test is skipped and says why, unless
   * `BEDSIDE_TEST_NETLAB` is `required`.
   */
  static async start(seed = 7): Promise<Lab> {
    const lab = new Lab(seed);
    try {
      await lab.#answer();
    } catch (error) {
      await lab.dispose();
      const skips = error instanceof LabError && NO_LABS_HERE.has(error.code);
      if (!skips || process.env.BEDSIDE_TEST_NETLAB === 'required') throw error;
      process.stderr.write(`skipped: ${test.info().title}: ${error.message}\n`);
      test.skip(true, error.message);
    }
    return lab;
  }

  /** Makes a host. Each access is an interface with the words of a profile: `wlan0=home-nat,home`. */
  async host(name: string, ...accesses: string[]): Promise<Host> {
    const answer = await this.order(`host ${name} ${accesses.join(' ')}`);
    const [address = '', network = '', mounts = ''] = answer.split(' ');
    const enter = ['nsenter', `--net=${network}`, `--mount=${mounts}`, 'setpriv', '--pdeathsig', 'KILL'];
    return new Host(name, address, enter, this);
  }

  /** Gives one order and takes its answer. */
  order(line: string): Promise<string> {
    const turn = this.#turn.then(() => {
      this.#process.stdin!.write(`${line}\n`);
      return this.#answer();
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Ends it. What still runs in its hosts has no network from then on. */
  async dispose(): Promise<void> {
    this.#process.stdin!.end();
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, 'exit');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #answer(): Promise<string> {
    const late = AbortSignal.timeout(ANSWER_MS);
    const next = await Promise.race([this.#answers.next(), once(late, 'abort').then(() => null)]);
    if (next === null || next.done === true) throw new LabError('gone', 'no answer; is the program built? make build');
    const [word, code = '', ...rest] = next.value.split(' ');
    if (word === 'error') throw new LabError(code, rest.join(' '));
    return [code, ...rest].join(' ');
  }
}

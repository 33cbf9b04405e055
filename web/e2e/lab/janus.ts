/**
 * Debian's Janus in a host of a lab, and a call of two pages in its video room: for comparing. Owns the process
 * and the few words of its HTTP interface that a call needs.
 */
import type { Page } from '@playwright/test';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './lab';

const PORT = 8_088;
const ROOM = 1_234;
/** As the larger layer of ours. One layer only: with two it falls back to the smaller one now and then. */
const LAYERS = [{ maxBitrate: 700_000 }] as const satisfies readonly RTCRtpEncodingParameters[];

export class Janus {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(host: Host, settings: string) {
    this.url = `${Janus.origin(host)}/janus`;
    const [command = 'janus', ...words] = [...host.enterFirst, 'janus', '--config', settings];
    this.#process = spawn(command, words, { stdio: 'ignore' });
  }

  /** Where it will be reached. Without TLS: browsers have to be told to give it their devices. */
  static origin(host: Host): string {
    return `http://${host.address}:${PORT}`;
  }

  /** Starts it with its video room and its HTTP interface, and nothing else. */
  static start(host: Host): Janus {
    const folder = join(host.lab.folder, 'janus');
    mkdirSync(folder);
    const libraries = join(execFileSync('dpkg', ['-L', 'janus']).toString().match(/^.*\/janus\/plugins$/m)![0], '..');
    const parts = { plugins: 'libjanus_videoroom.so', transports: 'libjanus_http.so', events: null, loggers: null };
    for (const [kind, part] of Object.entries(parts)) {
      mkdirSync(join(folder, kind));
      if (part !== null) symlinkSync(join(libraries, kind, part), join(folder, kind, part));
    }
    const folders = Object.keys(parts).map((kind) => `${kind}_folder = "${join(folder, kind)}"`);
    const lines = ['general: {', `configs_folder = "${folder}"`, ...folders, 'debug_level = 2', '}', 'nat: {', 'ice_lite = true', '}'];
    writeFileSync(join(folder, 'janus.jcfg'), `${lines.join('\n')}\n`);
    const http = `general: {\njson = "plain"\nbase_path = "/janus"\nhttp = true\nport = ${PORT}\nhttps = false\n}\nadmin: {\nadmin_http = false\n}\n`;
    writeFileSync(join(folder, 'janus.transport.http.jcfg'), http);
    const room = `general: {\n}\nroom-${ROOM}: {\ndescription = "lab"\npublishers = 2\nvideocodec = "vp8"\nbitrate = 0\naudiocodec = "opus"\n}\n`;
    writeFileSync(join(folder, 'janus.plugin.videoroom.jcfg'), room);
    return new Janus(host, join(folder, 'janus.jcfg'));
  }

  /**
   * A call of two, as ours is: each page sends its microphone and its camera, and is shown and plays the
   * other one.
   */
  async call(...pages: readonly [Page, Page]): Promise<void> {
    const feeds: number[] = [];
    for (const page of pages) {
      // From its own address, so that the page may speak to it.
      await reach(page, `${this.url}/info`);
      await page.evaluate(speaksJanus);
      feeds.push(await page.evaluate(publishes, { room: ROOM, layers: LAYERS }));
    }
    await Promise.all(pages.map((page, at) => page.evaluate(subscribes, { room: ROOM, feed: feeds[1 - at]! })));
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }
}

/** What a page says to Janus, and hears from it. */
interface Said {
  readonly plugindata: { readonly data: { readonly id: number } };
  readonly jsep?: RTCSessionDescriptionInit;
}

interface Talk {
  ask(body: object, jsep?: RTCSessionDescriptionInit): Promise<Said>;
  gathered(peer: RTCPeerConnection): Promise<void>;
  connected(peer: RTCPeerConnection): Promise<void>;
}

/** Opens the address as soon as somebody listens there. */
async function reach(page: Page, url: string): Promise<void> {
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      await page.goto(url);
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
  }
}

/** Runs in the page: it sends what its devices give. The number of its feed. */
async function publishes({ room, layers }: { room: number; layers: readonly RTCRtpEncodingParameters[] }): Promise<number> {
  const janus = await (window as unknown as { janus(): Promise<Talk> }).janus();
  const { plugindata } = await janus.ask({ request: 'join', ptype: 'publisher', room });
  const own = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const peer = new RTCPeerConnection();
  peer.addTransceiver(own.getAudioTracks()[0]!, { direction: 'sendonly' });
  peer.addTransceiver(own.getVideoTracks()[0]!, { direction: 'sendonly', sendEncodings: [...layers] });
  await peer.setLocalDescription();
  await janus.gathered(peer);
  // Without a bit rate it keeps the browser at 128 kbit/s, too little for this picture.
  const answer = await janus.ask({ request: 'publish', bitrate: 4_000_000 }, peer.localDescription!);
  await peer.setRemoteDescription(answer.jsep!);
  // Before that it has no such feed.
  await janus.connected(peer);
  const self = document.createElement('video');
  [self.muted, self.autoplay, self.width] = [true, true, 120];
  self.srcObject = new MediaStream(own.getVideoTracks());
  document.body.replaceChildren(self);
  return plugindata.data.id;
}

/** Runs in the page: the other one is shown and played, each track by itself, as our page does. */
async function subscribes({ room, feed }: { room: number; feed: number }): Promise<void> {
  const janus = await (window as unknown as { janus(): Promise<Talk> }).janus();
  const offer = await janus.ask({ request: 'join', ptype: 'subscriber', room, streams: [{ feed }] });
  const peer = new RTCPeerConnection();
  peer.ontrack = ({ track }) => {
    const player = document.createElement(track.kind === 'video' ? 'video' : 'audio');
    player.autoplay = true;
    player.srcObject = new MediaStream([track]);
    document.body.append(player);
  };
  await peer.setRemoteDescription(offer.jsep!);
  await peer.setLocalDescription();
  await janus.gathered(peer);
  await janus.ask({ request: 'start' }, peer.localDescription!);
}

/** Runs in the page: gives it `janus()`, a session with one handle of the video room. */
function speaksJanus(): void {
  const base = location.href.replace(/\/info$/, '');
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const text = JSON.stringify({ transaction: String(Math.random()), ...body });
    const answer = await fetch(`${base}${path}`, { method: 'POST', body: text });
    return (await answer.json()) as Record<string, unknown>;
  };
  const comes = (peer: RTCPeerConnection, event: string, there: () => boolean) =>
    new Promise<void>((done) => {
      const look = () => {
        if (there()) done();
      };
      peer.addEventListener(event, look);
      look();
    });
  const idOf = (answer: Record<string, unknown>) => (answer.data as { id: number }).id;
  (window as unknown as { janus(): Promise<Talk> }).janus = async () => {
    const session = idOf(await post('', { janus: 'create' }));
    const handle = idOf(await post(`/${session}`, { janus: 'attach', plugin: 'janus.plugin.videoroom' }));
    return {
      ask: async (body, jsep) => {
        await post(`/${session}/${handle}`, { janus: 'message', body, ...(jsep ? { jsep } : {}) });
        for (;;) {
          const event = (await (await fetch(`${base}/${session}?maxev=1`)).json()) as Record<string, unknown>;
          const data = (event.plugindata as { data?: Record<string, unknown> } | undefined)?.data;
          if (data?.error !== undefined) throw new Error(String(data.error));
          const news = data?.publishers !== undefined && data.videoroom === 'event' && data.configured === undefined;
          if (event.janus === 'event' && !news) return event as unknown as Said;
        }
      },
      gathered: (peer) => comes(peer, 'icegatheringstatechange', () => peer.iceGatheringState === 'complete'),
      connected: (peer) => comes(peer, 'connectionstatechange', () => peer.connectionState === 'connected'),
    };
  };
}

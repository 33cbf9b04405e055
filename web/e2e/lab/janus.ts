/**
 * Debian's Janus in a host of a lab, and two pages in its video room: for comparing. Owns the process
 * and the few words of its HTTP interface that a call needs.
 */
import type { Page } from '@playwright/test';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './lab';

const PORT = 8_088;
const ROOM = 1_234;
const JSEP = { audio: false, video: true };

export class Janus {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(host: Host, settings: string) {
    this.url = `http://${host.address}:${PORT}/janus`;
    const [command = 'janus', ...words] = [...host.enterFirst, 'janus', '--config', settings];
    this.#process = spawn(command, words, { stdio: 'ignore' });
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
    const room = `general: {\n}\nroom-${ROOM}: {\ndescription = "lab"\npublishers = 2\nvideocodec = "vp8"\nbitrate = 0\n}\n`;
    writeFileSync(join(folder, 'janus.plugin.videoroom.jcfg'), room);
    return new Janus(host, join(folder, 'janus.jcfg'));
  }

  /** One page sends its drawn clock, the other one is shown it. */
  async call(sender: Page, viewer: Page): Promise<void> {
    for (const page of [sender, viewer]) {
      // From its own address, so that the page may speak to it.
      await reach(page, `${this.url}/info`);
      await page.evaluate(speaksJanus);
    }
    const feed = await sender.evaluate(
      async ({ room, jsep }) => {
        const janus = await (window as unknown as { janus(): Promise<Talk> }).janus();
        const { plugindata } = await janus.ask({ request: 'join', ptype: 'publisher', room });
        const peer = new RTCPeerConnection();
        const clock = (window as unknown as { drawnClock(): MediaStreamTrack }).drawnClock();
        const { sender: sends } = peer.addTransceiver(clock, { direction: 'sendonly' });
        const parameters = sends.getParameters();
        // As much as ours spends on a picture of this size.
        parameters.encodings[0]!.maxBitrate = 700_000;
        await sends.setParameters(parameters);
        await peer.setLocalDescription();
        await janus.gathered(peer);
        const answer = await janus.ask({ request: 'publish', ...jsep }, peer.localDescription!);
        await peer.setRemoteDescription(answer.jsep!);
        return plugindata.data.id;
      },
      { room: ROOM, jsep: JSEP },
    );
    await viewer.evaluate(
      async ({ room, feed: of }) => {
        const janus = await (window as unknown as { janus(): Promise<Talk> }).janus();
        const offer = await janus.ask({ request: 'join', ptype: 'subscriber', room, streams: [{ feed: of }] });
        const peer = new RTCPeerConnection();
        const video = document.createElement('video');
        [video.muted, video.autoplay, video.width] = [true, true, 480];
        document.body.replaceChildren(video);
        peer.ontrack = ({ track }) => (video.srcObject = new MediaStream([track]));
        await peer.setRemoteDescription(offer.jsep!);
        await peer.setLocalDescription();
        await janus.gathered(peer);
        await janus.ask({ request: 'start' }, peer.localDescription!);
      },
      { room: ROOM, feed },
    );
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

/** Runs in the page: gives it `janus()`, a session with one handle of the video room. */
function speaksJanus(): void {
  const base = location.href.replace(/\/info$/, '');
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const text = JSON.stringify({ transaction: String(Math.random()), ...body });
    const answer = await fetch(`${base}${path}`, { method: 'POST', body: text });
    return (await answer.json()) as Record<string, unknown>;
  };
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
      gathered: async (peer) => {
        if (peer.iceGatheringState !== 'complete') {
          await new Promise<void>((done) => {
            peer.onicegatheringstatechange = () => {
              if (peer.iceGatheringState === 'complete') done();
            };
          });
        }
      },
    };
  };
}

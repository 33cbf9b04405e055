/**
 * What Opus with redundancy (RED, RFC 2198) gives speech over a line that loses packets in bursts. Over the
 * direct way, where both ends are browsers, so that nothing but the order of codecs differs.
 */
import { type Page, expect, test } from '@playwright/test';
import { listen, speaking } from './speech';
import { LabVisit, figure } from './visit';

/** Puts RED first in what the page's two-way connection offers for sound. */
async function prefersRed(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const Native = window.RTCPeerConnection;
    const add = Native.prototype.addTransceiver;
    Native.prototype.addTransceiver = function (kind, init) {
      const line = add.call(this, kind, init);
      const codecs = RTCRtpReceiver.getCapabilities('audio')?.codecs ?? [];
      const red = codecs.filter((codec) => codec.mimeType === 'audio/red');
      if (kind === 'audio' && red.length > 0) line.setCodecPreferences([...red, ...codecs.filter((codec) => !red.includes(codec))]);
      return line;
    };
  });
}

/** How the direct connection sends sound: the codec that both put first, and bytes of a packet. */
function sound(page: Page): Promise<{ first: string; packetBytes: number }> {
  return page.evaluate(async () => {
    const peers = (window as unknown as { peers: RTCPeerConnection[] }).peers;
    const direct = peers.findLast((p) => p.connectionState === 'connected' && p.getTransceivers().some((t) => t.direction === 'sendrecv'));
    // The browser counts RED as Opus: only the agreement tells.
    const agreed = direct?.localDescription?.sdp ?? '';
    const payload = /^m=audio \d+ \S+ (\d+)/m.exec(agreed)?.[1];
    const first = new RegExp(`^a=rtpmap:${payload} ([^/]+)`, 'm').exec(agreed)?.[1] ?? 'none';
    let packetBytes = 0;
    (await direct?.getStats())?.forEach((s: Record<string, unknown>) => {
      if (s.type === 'outbound-rtp' && s.kind === 'audio') packetBytes = Number(s.bytesSent) / Number(s.packetsSent);
    });
    return { first, packetBytes };
  });
}

for (const percent of [10, 20]) {
  for (const red of [false, true]) {
    test(`speech with ${percent} % lost in bursts, ${red ? 'with' : 'without'} RED`, async () => {
      test.setTimeout(5 * 60_000);
      await speaking(async (speech) => {
        const networks = {
          clinician: ['net0=open'],
          patient: [`net0=open,burst${percent},delay80`],
          speech,
          server: ['--direct-calls', 'auto'],
        };
        await LabVisit.in(networks, async (visit) => {
          if (red) for (const page of [visit.clinician, visit.patient]) await prefersRed(page);
          await visit.join();
          await expect.poll(async () => (await sound(visit.patient)).first, { timeout: 60_000 }).toBe(red ? 'red' : 'opus');
          const { score, placed } = await listen(visit.clinician, speech, `red-${percent}-${red}`);
          const bytes = Math.round((await sound(visit.patient)).packetBytes);
          const said = `STOI ${score}, ${placed * 100} % placed, ${bytes} bytes a packet`;
          figure(`${percent} % lost in bursts, ${red ? 'with' : 'without'} RED: ${said}`);
        });
      });
    });
  }
}

/** A network that lets no UDP out: the call goes over TCP, to the same port or through the relay. */
import { expect, test, type Page } from '@playwright/test';
import { NO_UDP } from './bedside';
import { Two, chosenWay } from './two';

const blocked = { patient: () => [NO_UDP] };

/** From here on the page's connections are told of no relay. */
async function withoutRelay(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const Native = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Native {
      constructor(config?: RTCConfiguration) {
        super({ ...config, iceServers: [] });
      }
      override setConfiguration(config?: RTCConfiguration): void {
        super.setConfiguration({ ...config, iceServers: [] });
      }
    };
  });
}

test('a patient whose network blocks UDP sees and is seen, over TCP', async () => {
  await Two.run(async (two) => {
    // A relay on this very machine answers before the browser tries TCP of its own, 100 ms after it
    // began to gather; then it gathers no more. Over any real distance TCP comes first: the lab shows it.
    await withoutRelay(two.patient);
    await two.join();
    await two.expectBothWays();
    expect((await chosenWay(two.patient))?.protocol).toBe('tcp');
    expect((await chosenWay(two.clinician))?.protocol).toBe('udp');
  }, blocked);
});

test('with a relay there too, it goes over TCP by one of the two ways', async () => {
  await Two.run(async (two) => {
    await two.join();
    await two.expectBothWays();
    const way = await chosenWay(two.patient);
    expect(way?.mine === 'relay' ? way.relay : way?.protocol).toBe('tcp');
  }, blocked);
});

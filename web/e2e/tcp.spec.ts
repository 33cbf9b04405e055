/** A network that lets no UDP out: the call goes over TCP to the same port. */
import { expect, test } from '@playwright/test';
import { NO_UDP } from './bedside';
import { Two, chosenWay } from './two';

test('a patient whose network blocks UDP sees and is seen, over TCP', async () => {
  await Two.run(
    async (two) => {
      await two.join();
      await two.expectBothWays();
      expect((await chosenWay(two.patient))?.protocol).toBe('tcp');
      expect((await chosenWay(two.clinician))?.protocol).toBe('udp');
    },
    { patient: () => [NO_UDP] },
  );
});

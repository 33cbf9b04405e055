/** Ways as a check finds them, for screens. */
import type { CheckCode } from '@bedside/client/check';
import type { Way, WayRule } from '@bedside/client/ways';

const HOST = 'visits.harbour-street.example';

function rule(protocol: WayRule['protocol']): WayRule {
  return { protocol, host: HOST, address: '203.0.113.7', ports: [3478, 3479, 3480] };
}

const works = (name: Way['name'], ms: number): Way => ({ name, state: 'works', ms, by: null, rule: null });
const running = (name: Way['name']): Way => ({ name, state: 'running', ms: null, by: null, rule: null });
const noRelay = (['turn_udp', 'turn_tcp', 'turn_tls'] as const).map(
  (name): Way => ({ name, state: 'not_offered', ms: null, by: null, rule: null }),
);
const blocked = (name: 'udp' | 'tcp', by: Way['by']): Way => ({
  name,
  state: 'blocked',
  ms: null,
  by,
  rule: by === 'browser' ? null : rule(name === 'udp' ? 'UDP' : 'TCP'),
});

/** What lies behind a verdict. */
export function waysFound(verdict: CheckCode | null, by: Way['by'] = 'network'): readonly Way[] {
  const udp = verdict === null ? works('udp', 38) : blocked('udp', by);
  const tcp = verdict === 'media_blocked' ? blocked('tcp', by) : works('tcp', 61);
  return [works('websocket', 44), udp, tcp, ...noRelay];
}

/** Under way. */
export const WAYS_RUNNING: readonly Way[] = [running('websocket'), running('udp'), running('tcp'), ...noRelay];

/** Pages get through and nothing else of the way into a visit. */
export const WAYS_WITHOUT_SOCKET: readonly Way[] = [
  {
    name: 'websocket',
    state: 'blocked',
    ms: null,
    by: 'network',
    rule: { protocol: 'TCP', host: HOST, address: null, ports: [443] },
  },
  ...waysFound(null).slice(1),
];

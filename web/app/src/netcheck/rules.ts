/** What would open the ways that are blocked, in lines that can be handed on. Pure. */
import type { Way, WayRule } from '@bedside/client/ways';

/** Ports in order, neighbours drawn together: `443, 3478–3480`. */
export function portsText(ports: readonly number[]): string {
  const sorted = [...new Set(ports)].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const port of sorted) {
    const last = runs.at(-1);
    if (last !== undefined && port === last[1] + 1) last[1] = port;
    else runs.push([port, port]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
}

/** The server in a line: its name, and its address where firewalls want one. */
export function placeOf(rule: WayRule): string {
  return rule.address === null || rule.address === rule.host ? rule.host : `${rule.host} (${rule.address})`;
}

/** The rules of blocked ways, each once. */
export function rulesOf(ways: readonly Way[]): readonly WayRule[] {
  return ways.flatMap((way) => (way.state === 'blocked' && way.rule !== null ? [way.rule] : []));
}

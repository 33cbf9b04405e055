/** The ways and how each was found; and what to hand on to whoever can open the blocked ones. */
import type { Way } from '@bedside/client/ways';
import { waysText } from '../i18n/parts';
import { announce, Badge, Button, IconCopy, Spinner, toast } from '../ui';
import { placeOf, portsText, rulesOf } from './rules';

/** One line for each way. */
export function WaysList({ ways }: { ways: readonly Way[] }) {
  const t = waysText.t;
  return (
    <ul role="list" class="p-card p-results n-ways">
      {ways.map((way) => (
        <li key={way.name}>
          <span>
            {t.names[way.name]}
            <small class="n-use">{t.uses[way.name]}</small>
          </span>
          <WayBadge way={way} />
        </li>
      ))}
    </ul>
  );
}

function WayBadge({ way }: { way: Way }) {
  const t = waysText.t.states;
  switch (way.state) {
    case 'running':
      return (
        <span>
          <Spinner />
          <span class="ui-hidden">{t.running}</span>
        </span>
      );
    case 'works':
      return <Badge tone="ok">{t.works(way.ms ?? 0)}</Badge>;
    case 'blocked':
      return <Badge tone="warn">{t.blocked}</Badge>;
    case 'waiting':
    case 'not_offered':
      return <Badge>{t[way.state]}</Badge>;
  }
}

/** Who blocks what, and the lines for whoever looks after the network. */
export function WaysAdvice({ ways }: { ways: readonly Way[] }) {
  const t = waysText.t;
  const blocked = ways.filter((way) => way.state === 'blocked');
  const lines = rulesOf(ways).map((rule) => t.rule(rule.protocol, t.place(placeOf(rule), portsText(rule.ports))));
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(lines.join('\n'));
      announce(t.copied);
      toast(t.copied, 'ok');
    } catch {
      toast(t.copyFailed, 'warn');
    }
  };
  if (blocked.length === 0) return null;
  return (
    <>
      <ul class="n-blockers">
        {blocked.map((way) => (
          <li key={way.name}>
            <strong>{t.names[way.name]}</strong> {way.by === null ? null : t.by[way.by]}
          </li>
        ))}
      </ul>
      {lines.length === 0 ? null : (
        <section class="p-card p-stack">
          <h2>{t.rulesTitle}</h2>
          <pre class="p-link n-rules" tabIndex={0} aria-label={t.rulesTitle}>
            {lines.join('\n')}
          </pre>
          <Button wide icon={IconCopy} onClick={() => void copy()}>
            {t.copy}
          </Button>
        </section>
      )}
    </>
  );
}

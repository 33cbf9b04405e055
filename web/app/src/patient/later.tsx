/** Pages that few people see are fetched when they are needed. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { helloText } from '../i18n/parts';
import { Banner, Spinner } from '../ui';
import type { Clinic } from './clinic';
import { untilThere } from './fetching';
import { Shell } from './Shell';

/** What stands on the screen while a part of the page is on its way. */
export function Loading({ clinic, failures }: { clinic: Clinic; failures: number }) {
  const t = helloText.t;
  return (
    <Shell clinic={clinic} title={t.loading}>
      {failures > 0 ? <Banner tone="warn">{t.fault.offline}</Banner> : <Spinner />}
    </Shell>
  );
}

/** A page by the way to fetch it. It is fetched once. */
export function later<P extends { clinic: Clinic }>(fetchPage: () => Promise<ComponentType<P>>): ComponentType<P> {
  let there: ComponentType<P> | null = null;
  return function Later(props: P) {
    const [failures, setFailures] = useState(0);
    const [, redraw] = useState(there !== null);
    useEffect(() => {
      if (there !== null) return;
      void untilThere(fetchPage, setFailures).then((page) => {
        there = page;
        redraw(true);
      });
    }, []);
    if (there === null) return <Loading clinic={props.clinic} failures={failures} />;
    const Page = there;
    return <Page {...props} />;
  };
}

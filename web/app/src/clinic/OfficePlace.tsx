/** Loads the office's pages when somebody goes there. */
import { useEffect, useState } from 'preact/hooks';
import type { FunctionComponent } from 'preact';
import type { OfficeApi } from '../office/context';
import type { OfficeProps } from '../office/Office';
import { Banner, Button, Spinner } from '../ui';
import { useDeed } from './deed';
import { clinicWords } from './i18n';

/** The office as it is loaded: its frame, and the calls that its pages need. */
export interface LoadedOffice {
  readonly Office: FunctionComponent<OfficeProps>;
  readonly api: OfficeApi;
}

export interface OfficePlaceProps extends Omit<OfficeProps, 'api'> {
  readonly load: () => Promise<LoadedOffice>;
}

export function OfficePlace({ load, ...place }: OfficePlaceProps) {
  const t = clinicWords.t;
  const [office, setOffice] = useState<LoadedOffice | null>(null);
  const loading = useDeed();
  const again = () => loading.run(load, setOffice);
  useEffect(again, []);
  if (office) return <office.Office {...place} api={office.api} />;
  return (
    <main class="clinic-middle">
      {loading.refused ? (
        <Banner tone="warn" live="polite" actions={<Button onClick={again}>{t.common.tryAgain}</Button>}>
          {t.places.unreachable}
        </Banner>
      ) : (
        <p role="status" aria-label={t.common.loading}>
          <Spinner />
        </p>
      )}
    </main>
  );
}

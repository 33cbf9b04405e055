/** A drawing of the address bar, made of boxes like the one of the browser's question. */
import { checkText } from '../../i18n/parts';
import { IconArrowUp, IconDevices } from '../../ui';

/** The address bar, with the sign for permissions marked at its start. */
export function AddressPicture() {
  const t = checkText.t.problem;
  return (
    <div class="p-picture" role="img" aria-label={t.picture}>
      <div class="p-picture__window" aria-hidden="true">
        <p class="p-picture__address">
          <span class="p-picture__sign">
            <IconDevices size={1.1} />
          </span>
          <span class="p-picture__url" />
        </p>
        <p class="p-picture__arrow">
          <IconArrowUp size={1.6} />
        </p>
      </div>
    </div>
  );
}

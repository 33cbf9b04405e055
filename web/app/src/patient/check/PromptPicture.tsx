/**
 * A drawing of what the browser shows, made of boxes, so that it follows language, direction and
 * brightness. It is one image to a screen reader.
 */
import { checkText } from '../../i18n/parts';
import { IconCamera, IconMic } from '../../ui';

/** The browser's question, with "Allow" marked. */
export function PromptPicture() {
  const t = checkText.t.intro;
  return (
    <div class="p-picture" role="img" aria-label={t.picture}>
      <div class="p-picture__window" aria-hidden="true">
        <p class="p-picture__question">
          <IconCamera size={1.1} />
          <IconMic size={1.1} />
          <span>{t.promptTitle}</span>
        </p>
        <p class="p-picture__answers">
          <span class="p-picture__no">{t.promptBlock}</span>
          <span class="p-picture__yes">{t.promptAllow}</span>
        </p>
      </div>
    </div>
  );
}

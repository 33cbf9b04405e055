/** Choosing the pictures: what fails is said, what worked is heard. */
import type { PictureWish, VisitClient } from '@bedside/client';
import { callText } from '../i18n/parts';
import { announce, toast } from '../ui';
import { wordsOf } from './words';

/** Chooses, and tells how it went. */
export function choosePictures(visit: VisitClient, wish: PictureWish): void {
  visit.setPictures(wish).then(
    () => announce(callText.t.heard.pictures[wish]),
    (failure: unknown) => {
      const words = wordsOf(failure);
      if (words !== null) toast(words, 'warn');
    },
  );
}
